/**
 * One trace per component out of the pieces that a device forwarded by itself and what it shows when it is asked: each
 * entry once, in order, with a mark where some are missing. Pure.
 */
import type { ComponentTrace, TraceEntry, TraceSegment } from "@bulkhead/protocol";

export type Stitched = {
  readonly components: Readonly<Record<string, ComponentTrace>>;
  /** Entries that are missing between others. */
  readonly missing: number;
};

/** Only the newest start of the host: times of another cannot be laid beside it. */
export function stitchTrace(
  segments: readonly TraceSegment[],
  asked: Readonly<Record<string, ComponentTrace>> = {},
): Stitched {
  const boot = segments.at(-1)?.boot;
  const components: Record<string, ComponentTrace> = {};
  let missing = 0;
  for (const component of new Set([...segments.map((segment) => segment.component), ...Object.keys(asked)])) {
    const own = segments.filter((segment) => segment.component === component && segment.boot === boot);
    const forwarded = joinSegments(own);
    missing += forwarded.missing;
    const now = asked[component];
    const entries = [...forwarded.entries, ...newer(forwarded.entries.at(-1), now?.entries ?? [])];
    if (entries.length > 0) components[component] = { entries, damaged: forwarded.damaged + (now?.damaged ?? 0) };
  }
  return { components, missing };
}

type Joined = { readonly entries: TraceEntry[]; readonly damaged: number; readonly missing: number };

function joinSegments(segments: readonly TraceSegment[]): Joined {
  const entries: TraceEntry[] = [];
  let damaged = 0;
  let missing = 0;
  let ring: number | undefined;
  let next = 0;
  for (const segment of segments.toSorted((a, b) => a.ring - b.ring || a.first - b.first)) {
    const known = segment.ring === ring ? Math.max(0, next - segment.first) : 0;
    if (known >= segment.lines) continue;
    const gap = segment.ring === ring ? segment.first - next : 0;
    const [first] = segment.entries;
    if (gap > 0 && first) entries.push([first[0], "m", `${gap} entries are missing here`]);
    missing += Math.max(0, gap);
    entries.push(...segment.entries.slice(known));
    damaged += segment.lines - segment.entries.length;
    ring = segment.ring;
    next = segment.first + segment.lines;
  }
  return { entries, damaged, missing };
}

/** Of `entries` those that come after `last`. */
function newer(last: TraceEntry | undefined, entries: readonly TraceEntry[]): readonly TraceEntry[] {
  if (!last) return entries;
  const text = JSON.stringify(last);
  const at = entries.findLastIndex((entry) => JSON.stringify(entry) === text);
  return at >= 0 ? entries.slice(at + 1) : entries.filter(([atUs]) => atUs > last[0]);
}
