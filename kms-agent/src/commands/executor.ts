/**
 * Carries out commands: each once, however often it comes. Deployments, which take long, queue apart from restarts, which
 * must not wait for them.
 */
import { type Command, type CommandEnvelope, reportError } from "@bulkhead/protocol";
import type { Verdict } from "@bulkhead/sdk";
import type { CommandResult, Journal } from "./journal.ts";
import { type Aftermath, judgeInterrupted, refuseCommand, refused, resultOfFailure, resultOfVerdict } from "./judge.ts";
import { createLane, maxWaiting, type Work } from "./lane.ts";

type Deploy = Extract<Command, { kind: "deploy" }>;
/** `giveWay`: aborted where root of the board brings a release, which goes first. */
export type DeployLimits = { readonly deadlineMs: number; readonly giveWay: AbortSignal };
export type ExecutorPorts = {
  deviceId: string;
  /** The KMS's clock as far as the agent knows it. */
  nowMs: () => number;
  /** Brings what says whose signatures count, before the verifier gives a challenge. */
  fetchOperators: () => Promise<void>;
  /** Passes a command to the verifier. */
  command: (envelope: CommandEnvelope) => Promise<Verdict>;
  /** Shows the KMS what an accepted command asks to see. */
  observe: (command: Command) => Promise<void>;
  /** Fetches and installs; calls `passOn` right before the verifier is asked to install. */
  deploy: (command: Deploy, limits: DeployLimits, passOn: () => Promise<void>) => Promise<Verdict>;
  /** What there is to see of what happened while the agent was away. */
  aftermath: () => Promise<Aftermath>;
  /** Aborted when the agent is told to stop. */
  stop: AbortSignal;
  /** There are results to deliver. */
  onResult: () => void;
  log: (text: string, fields: Record<string, unknown>) => void;
};
export type Executor = {
  /** Takes a command from the KMS. Never throws. */
  execute: (envelope: CommandEnvelope) => void;
  /** Ends or begins again what was in hand when the agent stopped. */
  resume: () => Promise<void>;
  /**
   * Does what stages a release as a deployment does, before all of those: one that is under way is begun again afterwards. False where too
   * many such wait; `work` never throws.
   */
  before: (work: () => Promise<void>) => boolean;
};

export function createExecutor(journal: Journal, ports: ExecutorPorts): Executor {
  const lanes = { restart: createLane(), deploy: createLane() };

  async function finish(id: string, result: CommandResult): Promise<void> {
    ports.log(`command ${result.outcome}`, { id, code: result.code, message: result.message });
    // Also where it cannot be written down, the KMS shall know it.
    await journal.update(id, { state: "finished", result, isDelivered: false }).finally(ports.onResult);
  }

  async function carryOut(envelope: CommandEnvelope, giveWay: AbortSignal): Promise<CommandResult> {
    const { id, command } = envelope;
    const passOn = () => journal.update(id, { state: "passed-on" });
    const refusal = refuseCommand(envelope, ports.deviceId, ports.nowMs());
    if (refusal) return refusal;
    await journal.update(id, { tries: (journal.find(id)?.tries ?? 0) + 1 });
    if (command.kind === "deploy") {
      return resultOfVerdict(await ports.deploy(command, { deadlineMs: envelope.deadlineMs, giveWay }, passOn));
    }
    if (command.kind === "challenge") await ports.fetchOperators();
    await passOn();
    const verdict = await ports.command(envelope);
    if (verdict.accepted) await ports.observe(command);
    return resultOfVerdict(verdict);
  }

  async function run(envelope: CommandEnvelope, giveWay: AbortSignal): Promise<"over" | "again"> {
    const result = await carryOut(envelope, giveWay).catch((error) =>
      giveWay.aborted ? undefined : resultOfFailure(error, envelope, ports.nowMs()),
    );
    // What failed because the agent was told to stop has not failed: the next start goes on with it.
    if (result?.outcome !== "done" && ports.stop.aborted) return "over";
    if (result === undefined) {
      ports.log("a deployment gives way to a file that is brought", { id: envelope.id });
      // Nothing stopped. Where that cannot be written down, it counts.
      const tries = (journal.find(envelope.id)?.tries ?? 1) - 1;
      await journal.update(envelope.id, { tries }).catch(complain(envelope.id));
      return "again";
    }
    await finish(envelope.id, result);
    return "over";
  }

  function begin(envelope: CommandEnvelope): void {
    const { id, command } = envelope;
    const lane = command.kind === "deploy" ? lanes.deploy : lanes.restart;
    const work: Work = (giveWay) =>
      run(envelope, giveWay).catch((error: unknown) => {
        complain(id)(error);
        return "over";
      });
    if (lane.add(work)) return;
    void finish(id, refused("IPC_OVERLOADED", "too many commands wait already")).catch(complain(id));
  }

  async function take(envelope: CommandEnvelope): Promise<void> {
    const known = journal.find(envelope.id);
    if (known === undefined) {
      ports.log(`command ${envelope.command.kind}`, { id: envelope.id });
      await journal.add(envelope, ports.nowMs());
      begin(envelope);
    } else if (known.isDelivered) {
      await journal.update(envelope.id, { isDelivered: false });
      ports.onResult();
    }
  }

  // A command that cannot be written down is not begun: the KMS sends it again or lets it expire.
  const complain = (id: string) => (error: unknown) => ports.log("command not kept", { id, ...reportError(error) });

  async function resume(): Promise<void> {
    const interrupted = journal.list().filter((entry) => entry.state !== "finished");
    if (interrupted.length === 0) return;
    const aftermath = await ports.aftermath();
    for (const entry of interrupted) {
      const result = judgeInterrupted(entry, aftermath);
      if (result) await finish(entry.envelope.id, result);
      else begin(entry.envelope);
    }
  }

  let taking = 0;
  function execute(envelope: CommandEnvelope): void {
    // Writing down is slower than receiving: what comes faster is left to the KMS, which sends it again.
    if (taking >= maxWaiting) {
      ports.log("command not taken: too many at once", { id: envelope.id });
      return;
    }
    taking += 1;
    void take(envelope)
      .catch(complain(envelope.id))
      .finally(() => {
        taking -= 1;
      });
  }

  return { execute, resume, before: lanes.deploy.addFirst };
}
