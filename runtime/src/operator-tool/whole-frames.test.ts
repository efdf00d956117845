import { encodeFrame } from "@bulkhead/sdk";
import fc from "fast-check";
import { expect, test } from "vitest";
import { wholeFrames } from "./whole-frames.ts";

test("[K+] of a record that was cut anywhere the whole entries stay, and of any bytes at most those", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 30 }), { maxLength: 10 }), fc.nat(400), (entries, cut) => {
      const frames = entries.map((entry) => encodeFrame([0, entry]));
      const kept = wholeFrames(Buffer.concat(frames).subarray(0, cut));
      let expected = 0;
      for (const { length } of frames)
        if (expected + length <= cut) expected += length;
        else break;
      expect(kept.length).toBe(expected);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => wholeFrames(Buffer.from(bytes)).length <= bytes.length),
  );
});
