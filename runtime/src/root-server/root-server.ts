/** The life of the root server: choose a generation, run it, do what is asked, choose again. */
import { join } from "node:path";
import type { DeviceStatus } from "@bulkhead/protocol";
import { openServiceManager } from "../board/index.ts";
import { type LogFifos, runtimeLogName } from "../compartment/index.ts";
import { type Device, exitToReboot, exitToRestart } from "../device/index.ts";
import { beginTrialWatch, type Choice, type GenerationRecord, type Ledger, type Trial } from "../generations/index.ts";
import { openUpperRungs, type UpperRungs } from "../ladder/index.ts";
import type { Escalation, Request } from "../processes/index.ts";
import { createActivation } from "./activation.ts";
import { type Generation, startGeneration } from "./generation.ts";
import { createMailbox } from "./mailbox.ts";

type Mail =
  | { readonly kind: "end"; readonly reason: string; readonly exitCode: number }
  | Request
  | { readonly kind: "escalation"; readonly generation: number; readonly escalation: Escalation }
  | { readonly kind: "reboot"; readonly reason: string }
  | { readonly kind: "trial-good" }
  | { readonly kind: "trial-bad"; readonly reason: string };

/** What follows when a mail was dealt with: go on, choose another generation, or end with a code. */
type Next = "go-on" | "choose" | { readonly exitCode: number };

export type RootServer = {
  /** Runs until it is told to end; resolves with the exit code. Throws where nothing can be started. */
  run(): Promise<number>;
  end(reason: string): void;
};

export function createRootServer(device: Device, ledger: Ledger, fifos: LogFifos): RootServer {
  const mailbox = createMailbox<Mail>();
  let trial: Trial | undefined;
  const activation = createActivation(device, ledger, mailbox.post);
  const manager = openServiceManager(device.log, device.config.runDir);
  let rungs: UpperRungs;

  async function run(): Promise<number> {
    rungs = await openUpperRungs(device, ledger, (reason) => mailbox.post({ kind: "reboot", reason }));
    for (;;) {
      const choice = await ledger.choose();
      const generation = await start(choice);
      if (!generation) continue;
      announce(device, generation, choice);
      if (choice.onTrial) trial = watchTrial(device, generation, mailbox.post);
      const next = await serve(generation);
      trial?.stop();
      trial = undefined;
      rungs.callOff();
      if (next !== "choose") return next.exitCode;
    }
  }

  // Undefined where a generation on trial cannot even be started; any other has nothing better to go back to.
  async function start(choice: Choice): Promise<Generation | undefined> {
    try {
      let generation: Generation | undefined;
      generation = await startGeneration({
        ...{ device, fifos, installed: choice.run, record: ledger.record },
        update: () => updateState(ledger.record()),
        events: {
          onRequest: mailbox.post,
          onEscalation: (escalation) => escalated(choice.run.generation, escalation),
          onChange() {
            trial?.observe();
            // A moment before it is there it has no news; what is well stays so until the next change.
            if (!trial) rungs.observe(generation !== undefined && isWell(generation));
            if (generation) manager.observe(generation);
          },
        },
      });
      return generation;
    } catch (error) {
      if (!choice.onTrial) throw error;
      await ledger.giveUp(choice, error);
      return undefined;
    }
  }

  // On trial, every component that is given up is reason enough to go back.
  function escalated(generation: number, escalation: Escalation): void {
    if (trial) trial.escalated(escalation.reason);
    else mailbox.post({ kind: "escalation", generation, escalation });
  }

  async function serve(generation: Generation): Promise<Exclude<Next, "go-on">> {
    for (;;) {
      const next = await deal(generation, await mailbox.next());
      if (next !== "go-on") return next;
    }
  }

  async function deal(generation: Generation, mail: Mail): Promise<Next> {
    switch (mail.kind) {
      case "end":
        await generation.stop(mail.reason);
        return { exitCode: mail.exitCode };
      case "restart":
        return restart(device, rungs, generation, mail.body);
      case "activate":
        return activation.activate(generation, mail.body.releaseDigest);
      case "escalation":
        return climb(generation, mail);
      case "reboot":
        return reboot(device, rungs, generation, mail.reason);
      case "trial-good":
        trial = undefined;
        await ledger.commitTrial(generation.release);
        await rungs.forgive();
        device.log.line(`generation ${ledger.record().current.generation} is committed`);
        tellLastOutcome(ledger, generation);
        activation.trialIsOver();
        return "go-on";
      case "trial-bad":
        await ledger.rollBackTrial(mail.reason);
        device.log.line(`the generation on trial is rolled back: ${mail.reason}`);
        activation.trialIsOver();
        await generation.stop("the previous generation is brought back");
        return "choose";
    }
  }

  // An escalation of a generation that has given way meanwhile is no reason to leave the one after it.
  async function climb(generation: Generation, mail: Extract<Mail, { kind: "escalation" }>): Promise<Next> {
    if (mail.generation !== generation.number || (await rungs.climb(mail.escalation)) === "stay") return "go-on";
    device.log.line(`generation ${mail.generation} gives way to the one before it: ${mail.escalation.reason}`);
    await generation.stop(`the previous generation takes over: ${mail.escalation.reason}`);
    return "choose";
  }

  return { run, end: (reason) => mailbox.post({ kind: "end", reason, exitCode: 0 }) };
}

async function restart(
  device: Device,
  rungs: UpperRungs,
  generation: Generation,
  { component, reason }: Request<"restart">["body"],
): Promise<Next> {
  if (component !== null) {
    generation.restart(component, reason);
    return "go-on";
  }
  device.log.line(`the runtime restarts: ${reason}`);
  await rungs.forgive();
  await generation.stop(reason);
  return { exitCode: exitToRestart };
}

// Planned in safe mode, from which only another generation leads away.
async function reboot(device: Device, rungs: UpperRungs, generation: Generation, reason: string): Promise<Next> {
  if (!generation.isInSafeMode() || !(await rungs.reboot(reason))) return "go-on";
  device.log.line(`the device reboots: ${reason}`);
  await generation.stop(`the device reboots: ${reason}`);
  return { exitCode: device.config.board === "virtual" ? exitToRestart : exitToReboot };
}

function isWell(generation: Generation): boolean {
  return !generation.isInSafeMode() && generation.notReady().length === 0;
}

function watchTrial(device: Device, generation: Generation, post: (mail: Mail) => void): Trial {
  return beginTrialWatch({
    ...device.config.trial,
    notReady: generation.notReady,
    onVerdict: (verdict) => post(verdict.good ? { kind: "trial-good" } : { kind: "trial-bad", reason: verdict.reason }),
  });
}

function tellLastOutcome(ledger: Ledger, generation: Generation): void {
  const { lastOutcome } = ledger.record();
  if (lastOutcome) generation.tellOutcome(lastOutcome);
  generation.touch();
}

function announce({ log, paths }: Device, { release }: Generation, { run: { generation }, onTrial }: Choice): void {
  log.openConsole(join(paths.log, runtimeLogName));
  log.line(`generation ${generation} (${release.name} ${release.version}) ${onTrial ? "is on trial" : "starts"}`);
}

function updateState({ trying, lastOutcome }: GenerationRecord): DeviceStatus["update"] {
  if (trying) {
    return { state: "trying", reason: `generation ${trying.generation} is on trial`, releaseDigest: trying.digest };
  }
  if (!lastOutcome) return { state: "idle", reason: "" };
  const { outcome, reason, releaseDigest } = lastOutcome;
  return { state: outcome, reason, releaseDigest };
}
