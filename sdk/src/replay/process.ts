/** A process that replays: the record is its argument, and the result, one line of JSON, goes to file descriptor 3. */
import { readFileSync, writeSync } from "node:fs";
import { BulkheadError, reportError } from "@bulkhead/protocol";
import type { AnyComponent } from "../component.ts";
import { real } from "../record/realm.ts";
import { readRecord } from "../record/record-file.ts";
import { replay } from "./replay.ts";

const resultDescriptor = 3;

/** Replays, answers, and ends the process. */
export async function replayProcess(definition: AnyComponent): Promise<void> {
  const answer = await act(definition).catch((error: unknown) => {
    const { code, message, remedy } = reportError(
      error instanceof Error ? error : new BulkheadError("INTERNAL", String(error)),
    );
    return { failed: { code, message, ...(remedy && { remedy }) } };
  });
  writeSync(resultDescriptor, JSON.stringify(answer));
  process.exit(0);
}

async function act(definition: AnyComponent): Promise<object> {
  const bytes = readFileSync(process.argv[2] ?? "");
  const [header] = readRecord(bytes);
  // Local times are texts like any other: those of the place where it was recorded.
  if (header?.[0] === "header") process.env["TZ"] = header[1].timeZone;
  const beganMs = real.monotonicMs();
  return { ...(await replay(definition, bytes)), tookMs: Math.round(real.monotonicMs() - beganMs) };
}
