/** The frames of streams, as the test's two ends of a station speak and hear them. */
import { encodeFrame } from "@bulkhead/sdk";
import type { Frames } from "./station.ts";

export const windowBytes = 64 * 1024;

/** A stream as one end of the station's sees it, by the frames that this end has heard. */
export function streamOf(frames: Frames, id: number) {
  const about = (kind: number) =>
    frames.heard.filter((frame): frame is unknown[] => Array.isArray(frame) && frame[0] === kind && frame[1] === id);
  return {
    id,
    items: () => about(4).map((frame) => frame[2] as { index: number; fill: string }),
    itemBytes: () => about(4).map(sizeOf),
    granted: () => about(5).reduce((sum, frame) => sum + (frame[2] as number), 0),
    /** undefined while there is none; a code, or "completed". */
    end(): string | undefined {
      const [frame] = about(6);
      return frame && ((frame[2] as { code: string } | null)?.code ?? "completed");
    },
  };
}

export type StreamView = ReturnType<typeof streamOf>;

/** What a frame takes of the credit: all but its length. */
export const sizeOf = (frame: unknown): number => encodeFrame(frame).length - 4;

/** The frame that opened the stream `name`. */
export const opening =
  (name: string) =>
  (frame: unknown): { id: number; args: unknown; credit: number } | undefined =>
    Array.isArray(frame) && frame[0] === 3 && frame[2] === name
      ? { id: frame[1], args: frame[3], credit: frame[4] }
      : undefined;

export const item = (id: number, index: number, sizeBytes = 0) => [4, id, { index, fill: "x".repeat(sizeBytes) }];

export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
