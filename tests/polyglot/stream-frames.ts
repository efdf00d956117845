/** The frames of streams, as the test's two ends of a station speak and hear them. */
import { encodeFrame } from "@bulkhead/sdk";
import fc from "fast-check";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
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

/** Bytes behind their length. */
export function framed(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Frames of streams that are almost, or quite, as they should be. */
const number = fc.constantFrom(0, 1, 2, 0xffffffff, 0x1_0000_0000);
export const almostFrames = fc.oneof(
  fc.tuple(fc.constant(3), number, fc.constantFrom("down", "up", "x"), fc.constantFrom(null, { count: 1 }, 5), number),
  fc.tuple(fc.constant(4), number, fc.jsonValue()),
  fc.tuple(fc.constant(5), number, number),
  fc.tuple(fc.constant(6), number, fc.constantFrom(null, 1, { code: "A", message: "b" }, { code: "A" })),
);

/** Waits until a stream that `client` opens is not refused. Their ids are `first` and those after it. */
export async function untilServed(client: Frames, first: number): Promise<void> {
  let id = first;
  await until(() => {
    client.send([3, id, "up", null, 0]);
    client.send([6, id++, null]);
    return upTo(id - first).some((one) => streamOf(client, first + one).granted() > 0);
  }, "a stream that is not refused");
}
