import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createSealer, isSealed } from "./sealing.ts";

const sealer = createSealer(randomBytes(32));

test("[K12] what was sealed is opened with the same secret for the same purpose, and by nothing else", () => {
  const other = createSealer(randomBytes(32));
  fc.assert(
    fc.property(fc.string(), fc.string(), (purpose, text) => {
      const sealed = sealer.seal(purpose, text);
      expect(isSealed(sealed)).toBe(true);
      expect(sealer.open(purpose, sealed)).toBe(text);
      expect(sealer.open(`${purpose}2`, sealed)).toBeUndefined();
      expect(other.open(purpose, sealed)).toBeUndefined();
    }),
  );
});

test("[K12] a sealed text with any one bit changed, or cut at any length, is not opened", () => {
  const sealed = Buffer.from(JSON.parse(sealer.seal("keys", "all the keys")).sealed, "base64url");
  const again = (bytes: Buffer) => JSON.stringify({ format: 2, sealed: bytes.toString("base64url") });
  fc.assert(
    fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(sealer.open("keys", again(changed))).toBeUndefined();
    }),
  );
  for (let length = 0; length < sealed.length; length++) {
    expect(sealer.open("keys", again(sealed.subarray(0, length)))).toBeUndefined();
  }
});

test("[K12] what is no sealed text is said to be none", () => {
  for (const text of ["", "null", "{}", '{"format":1,"sealed":"AA"}', '{"format":2,"sealed":"$"}']) {
    expect(isSealed(text)).toBe(false);
    expect(sealer.open("keys", text)).toBeUndefined();
  }
});
