/**
 * What an operator signs so that a device does something. The device gives a challenge that is good for one command and a few
 * minutes of its own clock; the operator signs it together with the device and the whole command. So a signature is worth nothing
 * at another device, for another command, a second time, later, or after a restart, and no clock has to be right for that.
 */
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import type { Command } from "./command-channel.ts";
import { key32Schema, signatureSchema } from "./names.ts";

/** A person finds a token and touches it in this time. A service that holds a signed command back can do so no longer. */
export const challengeLifeMs = 5 * 60_000;
/** More than any threshold of operators; each costs the device a verification. */
export const maxOperatorSignatures = 8;

/** The operators' word for one command. */
export const operatorWordSchema = z.strictObject({
  /** What the device gave for it. */
  challenge: key32Schema,
  /** The device does it no later than so long after it gave the challenge. */
  validMs: z.number().int().min(1000).max(challengeLifeMs),
  signatures: z
    .array(z.strictObject({ key: key32Schema, signature: signatureSchema }))
    .min(1)
    .max(maxOperatorSignatures),
});
export type OperatorWord = z.infer<typeof operatorWordSchema>;

export type SignedOrder = Pick<OperatorWord, "challenge" | "validMs"> & {
  readonly deviceId: string;
  readonly command: Command;
};

/** The bytes that an operator signs. The label keeps them apart from all else that is signed here. */
export function operatorBytes({ deviceId, challenge, validMs, command }: SignedOrder): Uint8Array {
  return Buffer.from(`bulkhead operator command 1\n${canonicalJson({ deviceId, challenge, validMs, command })}`);
}
