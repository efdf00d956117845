/**
 * Reads the FIFOs of all components into the ring. In each round every component may hand over the same share of bytes:
 * however much one writes, the others' turn is never more than one round away.
 */
import { join } from "node:path";
import { type Fifo, openFifo } from "./fifo.ts";
import { type Clock, createIntake, type Intake } from "./intake.ts";
import type { NewLine } from "./ring.ts";

/** Together: one component can make this server read 6.4 MB a second. What is more waits in its own pipe. */
const roundMs = 10;
const shareBytes = 64 * 1024;
/** How often a FIFO that is not there (yet, or any more) is looked for, and how often suppressed lines are reported. */
const settleMs = 1000;

export type CollectorOptions = {
  directory: string;
  sources: readonly string[];
  append: (line: NewLine) => void;
  clock: Clock;
  /** Told once for each FIFO that cannot be opened, until it could be. */
  onUnreadable: (source: string, error: unknown) => void;
};
type Source = {
  readonly name: string;
  readonly intake: Intake;
  fifo: Fifo | undefined;
  /** What it has handed over in this round. */
  takenBytes: number;
  isReported: boolean;
};

/** Starts reading; answers the function that stops it. */
export function collectLines(options: CollectorOptions): () => void {
  let round: NodeJS.Timeout | undefined;

  function startRound(): void {
    round = undefined;
    for (const source of sources) {
      const hasWaited = source.takenBytes >= shareBytes;
      source.takenBytes = 0;
      if (hasWaited) source.fifo?.resume();
    }
  }

  function take(source: Source, chunk: Uint8Array): void {
    source.intake.accept(chunk);
    source.takenBytes += chunk.length;
    if (source.takenBytes >= shareBytes) source.fifo?.pause();
    round ??= setTimeout(startRound, roundMs);
  }

  function connect(source: Source): void {
    try {
      source.fifo = openFifo(join(options.directory, source.name), {
        onChunk: (chunk) => take(source, chunk),
        onEnd() {
          source.fifo = undefined;
          source.intake.flush();
        },
      });
      source.isReported = false;
    } catch (error) {
      if (!source.isReported) options.onUnreadable(source.name, error);
      source.isReported = true;
    }
  }

  const sources = options.sources.map(
    (name): Source => ({
      name,
      intake: createIntake(name, options.append, options.clock),
      fifo: undefined,
      takenBytes: 0,
      isReported: false,
    }),
  );
  sources.forEach(connect);
  const settling = setInterval(() => {
    for (const source of sources) source.intake.settle();
    for (const source of sources) if (source.fifo === undefined) connect(source);
  }, settleMs);
  return () => {
    clearInterval(settling);
    clearTimeout(round);
    for (const source of sources) source.fifo?.close();
  };
}
