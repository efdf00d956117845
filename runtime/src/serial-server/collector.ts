/**
 * Reads the FIFOs of all components into the ring. In each round every component may hand over one chunk: however
 * much one writes, the others' next chunk is never more than one round away.
 */
import { join } from "node:path";
import { type Fifo, openFifo } from "./fifo.ts";
import { type Clock, createIntake, type Intake } from "./intake.ts";
import type { NewLine } from "./ring.ts";

/** With chunks of 64 KiB this bounds what one component can make this server read to 6.4 MB a second. */
const roundMs = 10;
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
type Source = { readonly name: string; readonly intake: Intake; fifo: Fifo | undefined; isReported: boolean };

/** Starts reading; answers the function that stops it. */
export function collectLines(options: CollectorOptions): () => void {
  const waiting = new Set<Source>();
  let round: NodeJS.Timeout | undefined;

  function resumeAll(): void {
    round = undefined;
    const turn = [...waiting];
    waiting.clear();
    for (const source of turn) source.fifo?.resume();
  }

  function connect(source: Source): void {
    try {
      source.fifo = openFifo(join(options.directory, source.name), {
        onChunk(chunk) {
          source.intake.accept(chunk);
          waiting.add(source);
          round ??= setTimeout(resumeAll, roundMs);
        },
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
