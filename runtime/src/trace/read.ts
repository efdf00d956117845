/** Reads the trace rings of components. They wrote them, so nothing of them is believed: bounded, parsed, counted. */
import { join } from "node:path";
import { type ComponentTrace, type TraceEntry, traceEntrySchema } from "@bulkhead/protocol";
import { type ReadLimits, readSegments } from "@bulkhead/sdk";

/** A frame holds 1 MiB. */
const maxBytes = 400 * 1024;
const maxEntries = 5000;

/** The newest entries of `component` in the ring below `root`: as many as a frame holds, or as `limits` says. */
export function readTrace(
  root: string,
  component: string,
  ringBytes: number,
  limits: ReadLimits = { bytes: maxBytes, lines: maxEntries },
): ComponentTrace {
  const entries: TraceEntry[] = [];
  let damaged = 0;
  let bytes = 0;
  for (const line of readSegments(join(root, component), ringBytes, limits).reverse()) {
    bytes += Buffer.byteLength(line);
    if (bytes > limits.bytes || entries.length + damaged >= limits.lines) break;
    const entry = parseEntry(line);
    if (entry) entries.push(entry);
    else damaged += 1;
  }
  return { entries: entries.reverse(), damaged };
}

/** Undefined for what is no entry. */
export function parseEntry(line: string): TraceEntry | undefined {
  try {
    return traceEntrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
