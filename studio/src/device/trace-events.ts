/**
 * Traces of components in the form that Perfetto and chrome://tracing open: the Trace Event Format ("Trace Event Format",
 * Google, JSON object format). A process per component, an asynchronous slice per call, an instant per mark. Pure.
 */
import type { ComponentTrace, TraceEntry } from "@bulkhead/protocol";

/** `ts` in microseconds. `b` and `e` are the two ends of an asynchronous slice, `i` an instant, `M` a name. */
export type TraceEvent = {
  readonly ph: "b" | "e" | "i" | "M";
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly id2?: { readonly local: string };
  readonly s?: "p";
  readonly args: Readonly<Record<string, unknown>>;
};
export type TraceFile = { readonly displayTimeUnit: "ms"; readonly traceEvents: readonly TraceEvent[] };

export function toTraceEvents(components: Readonly<Record<string, ComponentTrace>>): TraceFile {
  const traceEvents = Object.entries(components).flatMap(([name, { entries }], index) => {
    const at = { pid: index + 1, tid: 1 };
    const title: TraceEvent = { ph: "M", name: "process_name", cat: "__metadata", ts: 0, ...at, args: { name } };
    return [title, ...eventsOf(entries, at)];
  });
  return { displayTimeUnit: "ms", traceEvents };
}

type Place = { readonly pid: number; readonly tid: number };

function eventsOf(entries: readonly TraceEntry[], at: Place): TraceEvent[] {
  /** Numbers of calls begin anew with each incarnation. */
  let incarnation = 0;
  const open = new Set<string>();
  return entries.flatMap((entry): TraceEvent[] => {
    const [ts, kind] = entry;
    if (kind === "s") {
      incarnation = entry[2];
      open.clear();
      return [{ ph: "i", name: `recording, incarnation ${incarnation}`, cat: "trace", ts, ...at, s: "p", args: {} }];
    }
    if (kind === "m") return [{ ph: "i", name: entry[2], cat: "mark", ts, ...at, s: "p", args: {} }];
    const [, , side, channel, operation, id] = entry;
    const local = `${incarnation}/${side}/${channel}/${id}`;
    const call = { name: `${channel}.${operation}`, cat: side, ts, ...at, id2: { local } };
    if (kind === "b") {
      open.add(local);
      return [{ ph: "b", ...call, args: { channel, operation } }];
    }
    // Its beginning was overwritten: an end alone is a slice from nowhere.
    if (!open.delete(local)) return [];
    return [{ ph: "e", ...call, args: { error: entry[6] } }];
  });
}
