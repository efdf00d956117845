/** The trace of components whose trace is on: what their rings have that was not carried yet, in pieces. */
import {
  type Loss,
  maxTraceSegments,
  type TraceNews,
  type TraceSegment,
  tracePositionSchema,
} from "@bulkhead/protocol";
import type { Client, schedulerInterface } from "@bulkhead/sdk";
import { z } from "zod";
import type { Cargo } from "./carrier.ts";
import type { Position } from "./position.ts";

export type TraceSource = Pick<Client<typeof schedulerInterface>, "traceNews">;

/** By component. */
export const tracePositionsSchema = z.record(z.string(), tracePositionSchema);
type Positions = z.infer<typeof tracePositionsSchema>;

export function traceCargo(source: TraceSource, position: Position<Positions>): Cargo<TraceSegment> {
  return {
    batchItems: maxTraceSegments,
    async read() {
      const news = await source.traceNews({ after: position.arrived });
      const atMs = Date.now();
      return {
        items: news.map((one) => segmentOf(one, position.bootId, atMs)),
        lost: news.flatMap(lossOfNews),
        isFull: news.length > 0,
        async taken(count) {
          const taken = news.slice(0, count).map(({ component, next }) => [component, next]);
          position.arrived = { ...position.arrived, ...Object.fromEntries(taken) };
          await position.save();
        },
      };
    },
    message: (segments, lost, batch) => ({ type: "trace", segments: [...segments], lost: [...lost], batch }),
  };
}

/** Entries, and lines that were none. */
export const lossOfSegment = ({ component, lines, atMs }: TraceSegment): Loss => ({
  stream: component,
  count: lines,
  fromMs: atMs,
  toMs: atMs,
});

function segmentOf({ component, first, entries, damaged, next }: TraceNews, boot: string, atMs: number): TraceSegment {
  return { component, boot, ring: next.ring, first, lines: entries.length + damaged, atMs, entries };
}

function lossOfNews({ component, missed }: TraceNews): Loss[] {
  return missed === 0 ? [] : [{ stream: component, count: missed, fromMs: null, toMs: null }];
}
