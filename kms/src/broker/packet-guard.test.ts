import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacketGuard, maxPacketBytes } from "./packet-guard.ts";

function packet(length: number): Buffer {
  const digits: number[] = [];
  for (let left = length; digits.length === 0 || left > 0; left = Math.floor(left / 128)) {
    digits.push((left % 128) + (left >= 128 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([0x30, ...digits]), Buffer.alloc(length, 0xff)]);
}

async function pass(chunks: Iterable<Buffer>): Promise<Buffer> {
  const out: Buffer[] = [];
  await pipeline(Readable.from(chunks), createPacketGuard(), async (guarded: AsyncIterable<Buffer>) => {
    for await (const chunk of guarded) out.push(chunk);
  });
  return Buffer.concat(out);
}

describe("[M5] the limit on MQTT packets", () => {
  it("passes packets of allowed lengths unchanged, wherever they are cut", async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 5000 }), async (sizes, cut) => {
        const bytes = Buffer.concat(sizes.map(packet));
        const chunks = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, at) =>
          bytes.subarray(at * cut, (at + 1) * cut),
        );
        expect(await pass(chunks)).toEqual(bytes);
      }),
      { numRuns: 50 },
    );
  });

  it("stops at the header of a packet that is too large, also behind good ones", async () => {
    expect(await pass([packet(maxPacketBytes)])).toHaveLength(maxPacketBytes + 4);
    const header = packet(maxPacketBytes + 1).subarray(0, 5);
    await expect(pass([packet(3), header])).rejects.toMatchObject({ code: "REQUEST_TOO_LARGE" });
  });

  it("refuses a length of five bytes", async () => {
    await expect(pass([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80])])).rejects.toMatchObject({
      code: "PROTOCOL_INVALID",
    });
  });
});
