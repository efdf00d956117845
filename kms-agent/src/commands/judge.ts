/** What the agent itself decides about a command, as pure functions; whether it may act is the verifier's decision. */
import {
  type Command,
  type CommandEnvelope,
  type ErrorCode,
  errorTable,
  isErrorCode,
  reportError,
} from "@bulkhead/protocol";
import type { Verdict } from "@bulkhead/sdk";
import type { CommandResult, JournalEntry } from "./journal.ts";

export const maxTries = 3;

/** Why a command must not be begun at `nowMs` (by the KMS's clock), or undefined where it may. */
export function refuseCommand(envelope: CommandEnvelope, deviceId: string, nowMs: number): CommandResult | undefined {
  if (envelope.deviceId !== deviceId)
    return refused("COMMAND_INVALID", `the command is for ${envelope.deviceId}, this is ${deviceId}`);
  if (nowMs <= envelope.deadlineMs) return undefined;
  return refused(
    "COMMAND_EXPIRED",
    `${errorTable.COMMAND_EXPIRED} It came ${nowMs - envelope.deadlineMs} ms too late.`,
  );
}

/** What the running device shows of a command that was under way when the agent went. */
export type Aftermath = {
  /** This agent is the first of its generation: everything was started anew, not the agent alone. */
  readonly isAllNew: boolean;
  /** Undefined where the monitor cannot say. */
  readonly update:
    | {
        readonly currentReleaseDigest: string;
        readonly currentOverlayDigest?: string | undefined;
        readonly isRolledBack: boolean;
        /** Of what is current only core servers and the agent run: that it was activated is not seen by its digest. */
        readonly isSafeMode?: boolean;
        /** Of which release that is the outcome: with an overlay the digest of the two, which the agent does not know. */
        readonly judgedDigest?: string | undefined;
        readonly reason: string;
      }
    | undefined;
};

/**
 * What became of a command that was in hand when the agent stopped: the result to report, or undefined where it is to be
 * begun (again). What was passed on is never passed on a second time, but for a release of which nothing shows that it was activated: verifier and root
 * server take it twice as once.
 */
export function judgeInterrupted(entry: JournalEntry, aftermath: Aftermath): CommandResult | undefined {
  if (entry.state === "finished") return entry.result ?? failed("INTERNAL", "the result of the command was not kept");
  if (entry.state === "passed-on") {
    const result = judgePassedOn(entry.envelope.command, aftermath);
    if (result) return result;
  }
  if (entry.tries < maxTries) return undefined;
  return failed("INTERNAL", `the agent stopped ${entry.tries} times while it carried this out`);
}

function judgePassedOn(command: Command, { isAllNew, update }: Aftermath): CommandResult | undefined {
  if (command.kind === "deploy") return judgeDeployed(command, isAllNew, update);
  if (command.kind === "restart-runtime" && isAllNew) return done("the runtime was restarted");
  if (command.kind === "restart-component" && command.component === "kms-agent") return done("kms-agent was restarted");
  return failed("INTERNAL", "the agent ended before it heard the verdict; the state of the device shows what happened");
}

/** Undefined where it was not activated: the device may have gone down before that. */
function judgeDeployed(
  { releaseDigest, overlay }: Extract<Command, { kind: "deploy" }>,
  isAllNew: boolean,
  update: Aftermath["update"],
): CommandResult | undefined {
  const isIt = update?.currentReleaseDigest === releaseDigest;
  const isRunning = isIt && update.currentOverlayDigest === overlay?.digest && !update.isSafeMode;
  if (isRunning) return done("the release was activated");
  const judged = update?.judgedDigest ?? releaseDigest;
  const isItsOutcome = overlay !== undefined || judged === releaseDigest;
  return isAllNew && update?.isRolledBack && isItsOutcome
    ? failed("RELEASE_FAILED_TO_START", update.reason)
    : undefined;
}

/** A refusal where the bytes are at fault, a failure where the circumstances are. */
function resultOfError(error: unknown): CommandResult {
  const { code, message } = reportError(error);
  return code === "RELEASE_ARTIFACT_ALTERED" || code === "COMMAND_INVALID"
    ? refused(code, message)
    : failed(code, message);
}

/** A result for a command that failed with `error` at `nowMs`: its deadline ends it too, and then that is the reason. */
export function resultOfFailure(error: unknown, envelope: CommandEnvelope, nowMs: number): CommandResult {
  if (nowMs <= envelope.deadlineMs) return resultOfError(error);
  return failed("COMMAND_EXPIRED", `the deadline passed before it was done: ${reportError(error).message}`);
}

/** A result for the verifier's verdict. That it had no room says nothing about what it was asked for. */
export function resultOfVerdict({ challenge, ...verdict }: Verdict): CommandResult {
  if (verdict.accepted) return { ...done(verdict.message), ...(challenge !== undefined && { challenge }) };
  return {
    outcome: verdict.code === "STORAGE_FULL" ? "failed" : "refused",
    code: isErrorCode(verdict.code) ? verdict.code : "INTERNAL",
    message: clip(verdict.message),
  };
}

export function refused(code: ErrorCode, message: string): CommandResult {
  return { outcome: "refused", code, message: clip(message) };
}

function failed(code: ErrorCode, message: string): CommandResult {
  return { outcome: "failed", code, message: clip(message) };
}

function done(message: string): CommandResult {
  return { outcome: "done", code: null, message: clip(message) };
}

// The protocol's bound.
function clip(text: string): string {
  return text.slice(0, 2000);
}
