/** Lines of the console and samples: cargo whose items a server of the device numbers upwards. */
import { countOf, type LogLine, type Loss, maxSamples, type Sample } from "@bulkhead/protocol";
import type { Client, consoleInterface, publishedSamplesInterface } from "@bulkhead/sdk";
import type { Cargo, Found } from "./carrier.ts";
import type { Position } from "./position.ts";

export type LogSource = Pick<Client<typeof consoleInterface>, "read">;
export type SampleSource = Pick<Client<typeof publishedSamplesInterface>, "read">;

const batchLines = 500;

export function logCargo(console: LogSource, position: Position<number>): Cargo<LogLine> {
  return {
    batchItems: batchLines,
    async read() {
      const request = { after: position.arrived, limit: batchLines };
      const { lines, dropped } = await console.read(request);
      return found(lines, dropped, batchLines, position);
    },
    message: (lines, lost, batch) => ({ type: "log", lines: [...lines], dropped: countOf(lost), batch }),
  };
}

export function sampleCargo(source: SampleSource, position: Position<number>): Cargo<Sample> {
  return {
    batchItems: maxSamples,
    async read() {
      const request = { after: position.arrived, limit: maxSamples };
      const { samples, dropped } = await source.read(request);
      return found(samples, dropped, maxSamples, position);
    },
    message: (samples, lost, batch) => ({ type: "telemetry", samples: [...samples], lost: [...lost], batch }),
  };
}

export const lossOfLine = ({ component, atMs }: LogLine): Loss => lossAt(component, atMs);
export const lossOfSample = ({ component, stream, atMs }: Sample): Loss => lossAt(`${component}.${stream}`, atMs);

function lossAt(stream: string, atMs: number): Loss {
  return { stream, count: 1, fromMs: atMs, toMs: atMs };
}

function found<T extends { readonly sequence: number }>(
  items: readonly T[],
  dropped: number,
  limit: number,
  position: Position<number>,
): Found<T> {
  return {
    items,
    // The ring knows how many it overwrote, and not of whom.
    lost: dropped === 0 ? [] : [{ stream: "", count: dropped, fromMs: null, toMs: null }],
    isFull: items.length === limit,
    async taken(count) {
      position.arrived = items[count - 1]?.sequence ?? position.arrived;
      await position.save();
    },
  };
}
