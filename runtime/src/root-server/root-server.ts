/** The life of the root server: choose a generation, run it, do what is asked, choose again. */
import { join } from "node:path";
import { type DeviceStatus, reportError } from "@bulkhead/protocol";
import type { Choice, GenerationRecord } from "../generations/index.ts";
import { exitToRestart } from "./config.ts";
import type { Device } from "./device.ts";
import { type Generation, startGeneration } from "./generation.ts";
import type { Ledger } from "./ledger.ts";
import { type LogFifos, runtimeLogName } from "./log-fifos.ts";
import { createMailbox } from "./mailbox.ts";
import type { Request } from "./runner-host.ts";
import { beginTrialWatch, type Trial } from "./trial.ts";

type Mail =
  | { readonly kind: "end"; readonly reason: string; readonly exitCode: number }
  | Request
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
  /** What was endorsed during a trial; of several, the last. */
  let waiting: Request<"activate"> | undefined;

  async function run(): Promise<number> {
    for (;;) {
      const choice = await ledger.choose();
      const generation = await start(choice);
      if (!generation) continue;
      announce(device, generation, choice);
      if (choice.onTrial) trial = watchTrial(device, generation, mailbox.post);
      const next = await serve(generation);
      trial?.stop();
      trial = undefined;
      if (next !== "choose") return next.exitCode;
    }
  }

  // Undefined where a generation on trial cannot even be started; any other has nothing better to go back to.
  async function start(choice: Choice): Promise<Generation | undefined> {
    try {
      return await startGeneration({
        ...{ device, fifos, installed: choice.run, record: ledger.record },
        update: () => updateState(ledger.record()),
        events: {
          onRequest: mailbox.post,
          onEscalation: (reason) => trial?.escalated(reason),
          onChange: () => trial?.observe(),
        },
      });
    } catch (error) {
      if (!choice.onTrial) throw error;
      await ledger.giveUp(choice, error);
      return undefined;
    }
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
        return restart(generation, mail.body);
      case "activate":
        return activate(generation, mail.body.releaseDigest);
      case "trial-good":
        await ledger.commitTrial(generation.release);
        device.log.line(`generation ${ledger.record().current.generation} is committed`);
        tellLastOutcome(ledger, generation);
        activateWaiting();
        return "go-on";
      case "trial-bad":
        await ledger.rollBackTrial(mail.reason);
        device.log.line(`the generation on trial is rolled back: ${mail.reason}`);
        activateWaiting();
        await generation.stop("the previous generation is brought back");
        return "choose";
    }
  }

  async function restart(generation: Generation, { component, reason }: Request<"restart">["body"]): Promise<Next> {
    if (component !== null) {
      generation.restart(component, reason);
      return "go-on";
    }
    device.log.line(`the runtime restarts: ${reason}`);
    await generation.stop(reason);
    return { exitCode: exitToRestart };
  }

  async function activate(generation: Generation, digest: string): Promise<Next> {
    const { current, trying } = ledger.record();
    // Asked twice: the outcome of the trial is the answer.
    if (trying?.digest === digest) return "go-on";
    if (current.digest === digest && !trying) {
      generation.tellOutcome({ releaseDigest: digest, outcome: "committed", reason: "it runs already" });
      return "go-on";
    }
    if (trying) {
      device.log.line(`release ${digest} waits until the trial of generation ${trying.generation} is over`);
      waiting = { kind: "activate", body: { releaseDigest: digest } };
      return "go-on";
    }
    try {
      await ledger.admit(digest);
    } catch (error) {
      const reason = reportError(error).message;
      device.log.line(`release ${digest} is not activated: ${reason}`);
      generation.tellOutcome({ releaseDigest: digest, outcome: "rolled-back", reason });
      return "go-on";
    }
    await generation.stop(`generation ${ledger.record().lastGeneration} takes over`);
    return "choose";
  }

  // By way of the mailbox: after a roll-back it is the previous generation, once it runs, that gives way to it.
  function activateWaiting(): void {
    if (waiting) mailbox.post(waiting);
    waiting = undefined;
  }

  return { run, end: (reason) => mailbox.post({ kind: "end", reason, exitCode: 0 }) };
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
