/**
 * The way of a component's bytes into the ring: split, limited, made safe, numbered. One intake per component, so that
 * what one of them writes can only ever use up its own share.
 */

import { createLineSplitter, type RawLine } from "./line-splitter.ts";
import { lineText } from "./line-text.ts";
import { type Bucket, createBucket } from "./rate-limit.ts";
import type { NewLine } from "./ring.ts";

/** The runtime's own FIFO; no component can have this name (the compiler reserves it). */
export const runtimeSource = "runtime";

export type Intake = {
  accept: (chunk: Uint8Array) => void;
  /** Says how many lines were suppressed since it was last called; meant for once a second. */
  settle: () => void;
  /** The writer has gone: an unfinished line is a line too. */
  flush: () => void;
};
export type Clock = { readonly timeMs: () => number; readonly monotonicMs: () => number };

/** An intake of `component` that hands each line to `append`. */
export function createIntake(
  component: string,
  append: (line: NewLine) => void,
  clock: Clock,
  bucket?: Bucket,
): Intake {
  const splitter = createLineSplitter();
  const limit = bucket ?? createBucket();
  const stream = component === runtimeSource ? "runtime" : "out";

  function write(text: string, about: NewLine["stream"] = stream): void {
    append({ atMs: clock.timeMs(), component, stream: about, text });
  }

  function reportSuppressed(): void {
    const count = limit.takeSuppressed();
    if (count > 0)
      write(`${count} ${count === 1 ? "line" : "lines"} suppressed: more than the console takes`, "runtime");
  }

  const writeRaw = (line: RawLine) => write(lineText(line.bytes, line.isCut));

  return {
    accept(chunk) {
      // Lines are made only of what is let in: a flooder costs a search for line ends and no more.
      const nowMs = clock.monotonicMs();
      splitter.push(chunk, () => limit.take(nowMs)).forEach(writeRaw);
    },
    settle: reportSuppressed,
    flush() {
      for (const line of splitter.flush()) if (limit.take(clock.monotonicMs())) writeRaw(line);
    },
  };
}
