import { maxFrameBytes } from "@bulkhead/protocol";
import { decode as decodeOther, encode as encodeOther } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrameReader, encodeFrame } from "./codec.ts";

const message = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).map((n) => n + 0), // -0 is written as the integer 0
    fc.string({ unit: "binary", maxLength: 300 }).filter((text) => !/\p{Surrogate}/u.test(text)),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 40 }),
    fc.dictionary(
      fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
      tie("value"),
      { noNullPrototype: true },
    ),
  ),
})).value;

function readAll(chunks: Uint8Array[], maxBytes = maxFrameBytes): unknown[] {
  const messages: unknown[] = [];
  const reader = createFrameReader((m) => messages.push(m), maxBytes);
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

/** Made by another encoder, which knows none of our bounds. */
function frameOf(value: unknown): Buffer {
  const body = encodeOther(value);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

describe("[K3] frames", () => {
  test("come out as they went in, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (messages, cuts) => {
          const bytes = Buffer.concat(messages.map((m) => encodeFrame(m)));
          const chunks: Uint8Array[] = [];
          for (let offset = 0, i = 0; offset < bytes.length; i++) {
            const length = cuts[i % cuts.length] as number;
            chunks.push(bytes.subarray(offset, offset + length));
            offset += length;
          }
          expect(readAll(chunks)).toEqual(messages);
        },
      ),
    );
  });

  test("of random bytes give messages or one coded error, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (body) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(body.length);
        try {
          readAll([Buffer.concat([header, body])]);
        } catch (error) {
          expect(error).toMatchObject({ code: "IPC_FRAME_INVALID" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("are what another implementation of MessagePack reads and writes", () => {
    fc.assert(
      fc.property(message, (value) => {
        const frame = encodeFrame(value);
        expect(decodeOther(new Uint8Array(frame.subarray(4)))).toEqual(value);
        expect(readAll([encodeFrame(decodeOther(new Uint8Array(frame.subarray(4))))])).toEqual([value]);
        const body = encodeOther(value, { ignoreUndefined: true });
        const header = Buffer.alloc(4);
        header.writeUInt32BE(body.length);
        expect(readAll([header, body])).toEqual([value]);
      }),
      { numRuns: 1000 },
    );
  });

  test("keep their bytes while others are made, and give none of them to each other", () => {
    const frames = Array.from({ length: 3000 }, (_, i) => encodeFrame({ i, text: "x".repeat(i % 300) }));
    expect(readAll(frames).map((read) => (read as { i: number }).i)).toEqual(frames.map((_, i) => i));
    const [bytes] = readAll([encodeFrame(new Uint8Array([1, 2, 3]))]) as [Uint8Array];
    expect(bytes.buffer.byteLength).toBe(3);
  });

  test("above the limit are refused by their length alone", () => {
    expect(() => readAll([Uint8Array.of(0, 0, 1, 1)], 256)).toThrow(
      expect.objectContaining({ code: "IPC_FRAME_TOO_LARGE" }),
    );
    expect(() => encodeFrame("x".repeat(300), 256)).toThrow(expect.objectContaining({ code: "IPC_FRAME_TOO_LARGE" }));
  });

  test("that announce more than they hold are refused before memory is spent", () => {
    const nested = Buffer.alloc(4 + 500_000);
    nested.writeUInt32BE(500_000);
    for (let offset = 4; offset + 5 <= nested.length; offset += 5) nested.set([0xdd, 0, 1, 0, 0], offset);
    const before = process.memoryUsage().heapUsed;
    expect(() => readAll([nested])).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 1024 * 1024);
  });

  test("too deep, of extension types, with rest or with nothing in them are refused", () => {
    const tooDeep = Buffer.alloc(66, 0x91).fill(0xc0, 65);
    const bodies = [tooDeep, Uint8Array.of(0xd4, 1, 1), Uint8Array.of(0x01, 0x02), Uint8Array.of()];
    for (const body of bodies) {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(body.length);
      expect(() => readAll([Buffer.concat([header, body])])).toThrow(
        expect.objectContaining({ code: "IPC_FRAME_INVALID" }),
      );
    }
  });

  test("of 64 levels are read, deeper ones not even made", () => {
    const nested = (levels: number): unknown => (levels === 0 ? null : [nested(levels - 1)]);
    expect(readAll([encodeFrame(nested(64))])).toEqual([nested(64)]);
    expect(() => encodeFrame(nested(65))).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
  });

  test("of more values than a small component can hold are refused, and not made", () => {
    const items = 65_536;
    for (const lead of [0x80, 0x90, 0xc0]) {
      const frame = Buffer.alloc(4 + 5 + items + 1, lead);
      frame.writeUInt32BE(frame.length - 4);
      frame.writeUInt8(0xdd, 4);
      frame.writeUInt32BE(items + 1, 5);
      expect(() => readAll([frame])).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
    }
    // At all levels together, members of maps among them.
    const pairs = (count: number) => Array.from({ length: count }, () => ({ x: 1 }));
    expect(readAll([encodeFrame(pairs(items / 2))])).toEqual([pairs(items / 2)]);
    expect(() => encodeFrame(pairs(items / 2 + 1))).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
    expect(() => readAll([frameOf(pairs(items / 2 + 1))])).toThrow(
      expect.objectContaining({ code: "IPC_FRAME_INVALID" }),
    );
    expect(readAll([encodeFrame(pairs(3))])).toEqual([pairs(3)]);
  });

  test("of random bytes are what another implementation makes of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (body) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(body.length);
        let read: unknown[];
        try {
          read = readAll([Buffer.concat([header, body])]);
        } catch {
          return;
        }
        // What is no UTF-8 becomes the mark for it here, and something else there.
        if (!JSON.stringify(read).includes("\ufffd")) expect(read).toEqual([decodeOther(body)]);
      }),
      { numRuns: 5000 },
    );
  });

  test("leave out undefined members and refuse what has no MessagePack form", () => {
    expect(readAll([encodeFrame({ a: undefined, b: 1 })])).toEqual([{ b: 1 }]);
    const circle: unknown[] = [];
    circle.push(circle);
    for (const value of [circle, () => 0, 1n, new Date(), new Map(), Symbol("s")]) {
      expect(() => encodeFrame(value)).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
    }
    expect(readAll([encodeFrame("still works")])).toEqual(["still works"]);
  });
});
