/** Whether what a replayed component does is what the recorded one did, and how the two are told to a person. */
import { isDeepStrictEqual } from "node:util";
import { createFrameReader, encodeFrame } from "../codec.ts";
import type { Output } from "../record/entry.ts";

const maxTextLength = 400;

/** Compares as the wire has it; where a stack stood (it names the places of a build) is no matter. */
export function isSame(recorded: Output, found: Output): boolean {
  return isDeepStrictEqual(withoutStack(recorded), withoutStack(found));
}

/** As the wire would hand it on: what is `undefined` is not there. */
export function asRecorded(output: Output): Output {
  let read: unknown;
  createFrameReader((message) => {
    read = message;
  }, Number.POSITIVE_INFINITY).push(encodeFrame(output, Number.POSITIVE_INFINITY));
  return read as Output;
}

function withoutStack(output: Output): Output {
  if (output[0] === "log")
    return ["log", output[1].replace(/(?:\\n|\n) +at (?:(?!\\n|\n|").)*/g, "").replace(/…$/, "")];
  if (output[0] !== "tell" || output[1] !== "fault") return output;
  const { reason } = output[2] as { reason?: unknown };
  return ["tell", "fault", { reason }];
}

/** One line: what went out, shortened. */
export function describe(output: Output): string {
  const [kind, ...rest] = output;
  const text = JSON.stringify(rest, (_key, value: unknown) =>
    value instanceof Uint8Array ? `hex ${Buffer.from(value).toString("hex").slice(0, maxTextLength)}` : value,
  );
  const line = `${kind} ${text.slice(1, -1)}`;
  return line.length <= maxTextLength ? line : `${line.slice(0, maxTextLength - 1)}…`;
}
