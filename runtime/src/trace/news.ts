/** What rings hold since somebody last looked: bounded, parsed, counted, like the whole of one (read.ts). */
import { join } from "node:path";
import { maxTraceSegments, type TraceNews, type TracePosition } from "@bulkhead/protocol";
import { readNews } from "@bulkhead/sdk";
import { parseEntry } from "./read.ts";

/** Of one ring at a time; a frame holds 1 MiB, and values of MessagePack are no longer than in JSON. */
const limits = { bytes: 48 * 1024, lines: 1000 };
const maxBytes = 400 * 1024;

/** `rings`: the size of each component's. Those come last that came first the time before, where there is too much. */
export function readTraceNews(
  root: string,
  rings: Readonly<Record<string, number>>,
  after: Readonly<Record<string, TracePosition>>,
): TraceNews[] {
  const found: TraceNews[] = [];
  let bytes = 0;
  for (const [component, ringBytes] of inTurn(Object.entries(rings))) {
    if (found.length === maxTraceSegments || bytes + limits.bytes > maxBytes) break;
    if (ringBytes === 0) continue;
    const news = readNews(join(root, component), ringBytes, after[component], limits);
    if (!news) continue;
    bytes += news.lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    const entries = news.lines.map(parseEntry).filter((entry) => entry !== undefined);
    const { first, missed, next } = news;
    found.push({ component, first, missed, next, entries, damaged: news.lines.length - entries.length });
  }
  return found;
}

let turn = 0;

/** Beginning with another one each time: a component that writes without pause must not hide those behind it. */
function inTurn<T>(items: readonly T[]): readonly T[] {
  turn = (turn + 1) % Math.max(1, items.length);
  return [...items.slice(turn), ...items.slice(0, turn)];
}
