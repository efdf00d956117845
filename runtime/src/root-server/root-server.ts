/** The life of the root server: choose a generation, run it, do what is asked, choose again. */
import { join } from "node:path";
import { reportError } from "@bulkhead/protocol";
import { openServiceManager } from "../board/index.ts";
import { type LogFifos, runtimeLogName } from "../compartment/index.ts";
import { type Device, exitToReboot, exitToRestart } from "../device/index.ts";
import {
  beginTrialOf,
  type Choice,
  type Chosen,
  createActivation,
  type Ledger,
  type Trial,
} from "../generations/index.ts";
import { openUpperRungs, type UpperRungs } from "../ladder/index.ts";
import type { Escalation, Request } from "../processes/index.ts";
import { updateState } from "../report/index.ts";
import { type Generation, type GenerationOptions, type Next as NextGeneration, startGeneration } from "./generation.ts";
import { createMailbox } from "./mailbox.ts";

type Mail =
  | { readonly kind: "end"; readonly reason: string; readonly exitCode: number }
  | Request
  | { readonly kind: "escalation"; readonly generation: number; readonly escalation: Escalation }
  | { readonly kind: "reboot"; readonly reason: string }
  | { readonly kind: "trial-good" }
  | { readonly kind: "trial-bad"; readonly reason: string };

/** What follows when a mail was dealt with: go on, choose another generation (`stopped`: nothing runs), or end with a code. */
type Next = "go-on" | "choose" | "stopped" | { readonly exitCode: number };

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
  /** What runs. */
  let generation: Generation | undefined;

  async function run(): Promise<number> {
    rungs = await openUpperRungs(device, ledger, (reason) => mailbox.post({ kind: "reboot", reason }));
    for (;;) {
      const next = await ledger.choose();
      if ("restart" in next) return leave(device, generation, next.restart);
      generation = await put(next);
      if (!generation) continue;
      const after = await serve(generation);
      trial?.stop();
      trial = undefined;
      rungs.callOff();
      if (after === "stopped") generation = undefined;
      else if (after !== "choose") return after.exitCode;
    }
  }

  /** In the place of what runs, if anything does. Undefined where a generation on trial cannot even be started. */
  async function put(choice: Chosen): Promise<Generation | undefined> {
    const { run: installed, onTrial } = choice;
    // What was to take over turned out to be damaged.
    if (generation?.number() === installed.generation) return tellLastOutcome(ledger, generation);
    const next = { ...choice, installed };
    if (generation && !(await goOver(device, generation, next))) generation = undefined;
    const running = generation ?? (await start(choice, next));
    if (!running) return undefined;
    announce(device, running, choice);
    if (onTrial) trial = watchTrial(device, running, mailbox.post);
    trial?.observe();
    return running;
  }

  function start(choice: Choice, next: NextGeneration): Promise<Generation | undefined> {
    const update = () => updateState(ledger.record());
    const started = startGeneration({ device, fifos, record: ledger.record, base: ledger.base, update, events }, next);
    return started.catch(async (error: unknown) => {
      // Any but one on trial has nothing better to go back to.
      if (!choice.onTrial) throw error;
      await ledger.giveUp(choice, error);
      return undefined;
    });
  }

  const events: GenerationOptions["events"] = {
    onRequest(request) {
      if (request.kind === "activate") activation.wasPosted();
      mailbox.post(request);
    },
    // On trial, every component that is given up is reason enough to go back.
    onEscalation(escalation) {
      if (trial) trial.escalated(escalation.reason);
      else mailbox.post({ kind: "escalation", generation: generation?.number() ?? 0, escalation });
    },
    onChange() {
      trial?.observe();
      // A moment before it is there it has no news; what is well stays so until the next change.
      if (!trial) rungs.observe(generation !== undefined && isWell(generation));
      if (generation) manager.observe(generation);
    },
  };

  async function serve(running: Generation): Promise<Exclude<Next, "go-on">> {
    for (;;) {
      const next = await deal(running, await mailbox.next());
      if (next !== "go-on") return next;
    }
  }

  async function deal(running: Generation, mail: Mail): Promise<Next> {
    switch (mail.kind) {
      case "end":
        await running.stop(mail.reason);
        return { exitCode: mail.exitCode };
      case "restart":
        return restart(device, rungs, running, mail.body);
      case "activate":
        return activation.activate(running, mail.body);
      case "escalation":
        return climb(device, rungs, running, mail);
      case "reboot":
        return reboot(device, rungs, running, mail.reason);
      case "trial-good":
        trial = undefined;
        await ledger.commitTrial(running.release(), running.shown(), activation.isAwaited());
        await rungs.forgive();
        device.log.line(`generation ${ledger.record().current.generation} is committed`);
        tellLastOutcome(ledger, running);
        activation.trialIsOver();
        return "go-on";
      case "trial-bad":
        await ledger.rollBackTrial(mail.reason);
        device.log.line(`the generation on trial is rolled back: ${mail.reason}`);
        activation.trialIsOver();
        return "choose";
    }
  }

  return { run, end: (reason) => mailbox.post({ kind: "end", reason, exitCode: 0 }) };
}

/** What is next runs from the other slot. */
async function leave({ log }: Device, running: Generation | undefined, reason: string): Promise<number> {
  log.line(`the board starts again: ${reason}`);
  await running?.stop(reason);
  return exitToReboot;
}

/** Another generation in the place of the one that runs: while what is the same goes on, or anew. False: it is stopped. */
async function goOver({ log }: Device, running: Generation, next: NextGeneration): Promise<boolean> {
  const takesOver = `generation ${next.installed.generation} takes over`;
  try {
    // Of a damaged release nothing may run but what `start` lets run.
    const isAnew = next.held !== undefined || running.isInSafeMode();
    const staying = isAnew ? [] : running.staying(next);
    if (staying.length > 0) {
      await running.become(next, staying);
      log.line(`${takesOver}; ${staying.join(", ")} went on`);
      return true;
    }
  } catch (error) {
    log.line(`${takesOver}, and all is restarted for it: ${reportError(error).message}`);
  }
  await running.stop(takesOver);
  return false;
}

// An escalation of a generation that has given way meanwhile is no reason to leave the one after it.
async function climb(
  { log }: Device,
  rungs: UpperRungs,
  running: Generation,
  { generation, escalation }: Extract<Mail, { kind: "escalation" }>,
): Promise<Next> {
  if (generation !== running.number() || (await rungs.climb(escalation)) === "stay") return "go-on";
  log.line(`generation ${generation} gives way to the one before it: ${escalation.reason}`);
  await running.stop(`the previous generation takes over: ${escalation.reason}`);
  return "stopped";
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
  return beginTrialOf(generation.release().system, device.config.trial, device.slots?.isOnTrial() ?? false, {
    notReady: () => [...generation.notReady(), ...generation.notReached()],
    onVerdict: (verdict) => post(verdict.good ? { kind: "trial-good" } : { kind: "trial-bad", reason: verdict.reason }),
  });
}

function tellLastOutcome(ledger: Ledger, generation: Generation): Generation {
  const { lastOutcome } = ledger.record();
  if (lastOutcome) generation.tellOutcome(lastOutcome);
  generation.touch();
  return generation;
}

function announce({ log, paths }: Device, running: Generation, { run: { generation }, onTrial }: Choice): void {
  const { name, version } = running.release();
  log.openConsole(join(paths.log, runtimeLogName));
  log.line(`generation ${generation} (${name} ${version}) ${onTrial ? "is on trial" : "starts"}`);
}
