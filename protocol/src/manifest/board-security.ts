/** What a board has of security primitives, and what becomes of each today: a primitive that nothing uses protects nothing. */
import { z } from "zod";

const what = z.string().min(1).max(200).describe("What it is on this board.");

const primitiveWritten = z.discriminatedUnion("state", [
  z.strictObject({
    state: z.literal("present").describe("It is there and in use."),
    what,
    "used-by": z.string().min(1).max(200).describe("What of Bulkhead or of the base system uses it."),
  }),
  z.strictObject({
    state: z.literal("unused").describe("It is there, and nothing uses it yet."),
    what,
    why: z.string().min(1).max(200).describe("What is lacking until it is used."),
  }),
  z.strictObject({
    state: z.literal("absent").describe("The board has none."),
    why: z.string().min(1).max(200).optional().describe("Where one might expect it."),
  }),
]);
export type PrimitiveWritten = z.output<typeof primitiveWritten>;

const one = (words: string) => primitiveWritten.optional().describe(words);

/** What a board file does not name, the board has not. */
export const boardSecurity = z.strictObject({
  "secure-boot": one("The processor's first program starts nothing that is not signed."),
  tpm: one("A TPM 2.0, which keeps the key that the key store is sealed with."),
  caam: one("NXP's unit for cryptography, with keys that only it can read."),
  "op-tee": one("A second, smaller system beside Linux, in the processor's secure world."),
  "hardware-rng": one("A source of random numbers in hardware."),
  watchdog: one("A timer that resets the board when nothing feeds it."),
});
export type BoardSecurity = z.output<typeof boardSecurity>;
