/** The messages of a channel and the errors in them, made and read without a schema's cost. */
import { BulkheadError, type Frame, isErrorCode, reportError } from "@bulkhead/protocol";
import type { Schema } from "../schema.ts";

/** Longest operation name and error text, as protocol/src/ipc/frame.ts has them. */
const maxNameLength = 64;
const maxErrorText = 2000;

/**
 * Reads one message. Accepts what `frameSchema` of the protocol accepts (a test compares the two), by hand: this runs
 * for every message.
 *
 * @throws BulkheadError IPC_FRAME_INVALID
 */
export function parseFrame(message: unknown): Frame {
  if (Array.isArray(message) && isFrame(message)) return message as unknown as Frame;
  throw new BulkheadError("IPC_FRAME_INVALID", "a frame is of no kind that a channel knows");
}

function isFrame(message: readonly unknown[]): boolean {
  switch (message[0]) {
    case 0:
      return message.length === 4 && isCallId(message[1]) && isName(message[2]);
    case 1:
      return message.length === 4 && isCallId(message[1]) && isCallError(message[2]);
    case 2:
      return message.length === 3 && isName(message[1]);
    case 3:
      return message.length === 5 && isCallId(message[1]) && isName(message[2]) && isCallId(message[4]);
    case 4:
      return message.length === 3 && isCallId(message[1]);
    case 5:
      return message.length === 3 && isCallId(message[1]) && isCallId(message[2]);
    case 6:
      return message.length === 3 && isCallId(message[1]) && isCallError(message[2]);
    default:
      return false;
  }
}

/** Identifiers and credit: 32 bits, without a sign. */
function isCallId(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= maxNameLength;
}

function isCallError(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== "object" || Object.keys(value).length !== 2) return false;
  const { code, message } = value as { code?: unknown; message?: unknown };
  return isText(code, maxNameLength) && isText(message, maxErrorText);
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === "string" && value.length <= maxLength;
}

export type CallError = { code: string; message: string };

/**
 * What a client may learn of a failure. The text of an error without a code may hold anything (a path, a secret), so it
 * stays in the provider's log.
 */
export function toCallError(error: unknown, what: string): CallError {
  if (!(error instanceof BulkheadError)) return { code: "COMPONENT_ERROR", message: `${what} failed; see its log` };
  const { code, message } = reportError(error);
  return { code, message: message.slice(0, maxErrorText) };
}

/** The error that a call fails with when the provider answered one. A code that is not in the table is kept as data. */
export function fromCallError(error: CallError, what: string): BulkheadError {
  const text = `${what}: ${error.message}`;
  if (isErrorCode(error.code)) return new BulkheadError(error.code, text);
  return new BulkheadError("COMPONENT_ERROR", text, { data: { code: error.code } });
}

/**
 * Parses with a schema of an interface; `undefined` arguments are null, for there is no undefined on the wire. A schema
 * that overflows the stack counts as a misfit.
 *
 * @throws BulkheadError `code`
 */
export function parseValue<T>(
  schema: Schema<T>,
  value: unknown,
  code: "IPC_ARGUMENTS_INVALID" | "IPC_RESULT_INVALID" | "IPC_FRAME_INVALID",
  what: string,
  of?: string,
): T {
  try {
    const parsed = schema.safeParse(value === undefined ? null : value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const place = issue?.path.length ? ` at ${issue.path.join(".")}` : "";
    throw new BulkheadError(
      code,
      `${of === undefined ? what : `${of}.${what}`}: ${issue?.message ?? "does not fit"}${place}`.slice(
        0,
        maxErrorText,
      ),
    );
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError(code, `${what}: the value cannot be checked`, { cause });
  }
}
