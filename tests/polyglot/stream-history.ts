/** One stream through a station, lived step by step, and what must hold after each step whatever came before. */
import { expect } from "vitest";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import type { Frames } from "./station.ts";
import { item, type StreamView, sizeOf, upTo, windowBytes } from "./stream-frames.ts";

/** Who writes, or reads, and what that end has heard. */
export type End = { frames: Frames; view: StreamView };
export type History = ReturnType<typeof liveStream>;

/** `initial`: the credit that the writer got with the opening. */
export function liveStream(source: End, sink: End, initial: number) {
  let [sent, sentBytes, granted] = [0, 0, windowBytes];

  function send(sizeBytes: number): void {
    if (sentBytes >= initial + source.view.granted()) return;
    const frame = item(source.view.id, sent++, sizeBytes);
    sentBytes += sizeOf(frame);
    source.frames.send(frame);
  }

  function grant(sizeBytes: number): void {
    granted += sizeBytes;
    sink.frames.send([5, sink.view.id, sizeBytes]);
  }

  function check(): void {
    const sizes = sink.view.itemBytes();
    const taken = sizes.reduce((sum, bytes) => sum + bytes, 0);
    expect(sink.view.items().map(({ index }) => index)).toEqual(upTo(sizes.length));
    // The last item may be larger than what was left; none follows it.
    expect(taken - (sizes.at(-1) ?? 0)).toBeLessThan(granted);
    expect(source.view.granted() + initial).toBeLessThanOrEqual(windowBytes + sentBytes);
  }

  return {
    act: {
      send: (count: number, sizeBytes: number) => upTo(count).forEach(() => void send(sizeBytes)),
      grant: (count: number, sizeBytes: number) => grant(count * sizeBytes),
      look: () => new Promise<void>((resolve) => void setImmediate(resolve)),
    },
    check,
    async cancel(): Promise<void> {
      sink.frames.send([6, sink.view.id, null]);
      await until(() => source.view.end(), "the cancel at the writer");
      check();
    },
    /** The writer's end comes last, after all that it sent. */
    async finish(failure: { code: string; message: string } | null): Promise<void> {
      grant(10_000_000);
      source.frames.send([6, source.view.id, failure]);
      const end = await until(() => sink.view.end(), "the end at the reader");
      expect(end).toBe(failure?.code ?? "completed");
      check();
      expect(sink.view.items()).toHaveLength(sent);
    },
  };
}
