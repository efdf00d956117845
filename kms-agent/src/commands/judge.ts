/** What the agent itself decides about a command, as pure functions; whether it may act is the verifier's decision. */
import { type CommandEnvelope, type ErrorCode, errorTable, isErrorCode, reportError } from "@bulkhead/protocol";
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
export type Aftermath = { readonly currentReleaseDigest: string; readonly updateReason: string };

/**
 * What became of a command that was in hand when the agent stopped: the result to report, or undefined where it is to be
 * begun (again). What was passed on is never passed on a second time.
 */
export function judgeInterrupted(entry: JournalEntry, aftermath: Aftermath | undefined): CommandResult | undefined {
  if (entry.state === "finished") return entry.result ?? failed("INTERNAL", "the result of the command was not kept");
  if (entry.state === "accepted") {
    return entry.tries < maxTries
      ? undefined
      : failed("INTERNAL", `the agent stopped ${entry.tries} times while it carried this out`);
  }
  const { command } = entry.envelope;
  if (command.kind === "restart-runtime") return done("the runtime was restarted");
  if (command.kind === "restart-component") {
    return command.component === "kms-agent"
      ? done("kms-agent was restarted")
      : failed(
          "INTERNAL",
          "the agent was restarted while this was carried out; whether it was is in the component's state",
        );
  }
  if (aftermath === undefined)
    return failed("INTERNAL", "the agent was restarted during the update and cannot learn its end");
  if (aftermath.currentReleaseDigest === command.releaseDigest) return done("the release was activated");
  return failed("RELEASE_FAILED_TO_START", aftermath.updateReason || errorTable.RELEASE_FAILED_TO_START);
}

/** A result for whatever was thrown: a refusal where the bytes are at fault, a failure where the circumstances are. */
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

/** A result for the verifier's verdict. */
export function resultOfVerdict(verdict: { accepted: boolean; code: string | null; message: string }): CommandResult {
  if (verdict.accepted) return done(verdict.message);
  return {
    outcome: "refused",
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
