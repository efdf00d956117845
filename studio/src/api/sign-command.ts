/** An operator's signature under one command: the device says what is to be signed, by way of a service that is not believed. */
import {
  BulkheadError,
  type Command,
  challengeLifeMs,
  key32Schema,
  type OperatorWord,
  operatorBytes,
} from "@bulkhead/protocol";
import type { Signer } from "../keys/signer.ts";

/** Signs `command` for the device; it is good for `timeoutMs` from when the device gave the challenge, and for minutes at most. */
export async function signCommand(
  deviceId: string,
  command: Command,
  challenge: string | null,
  timeoutMs: number,
  signers: readonly Signer[],
): Promise<OperatorWord> {
  if (challenge === null || !key32Schema.safeParse(challenge).success) {
    throw new BulkheadError("COMMAND_CHALLENGE_INVALID", "the device gave nothing that could be signed", {
      remedy: "bring it a release of this version first",
    });
  }
  const validMs = Math.min(timeoutMs, challengeLifeMs);
  const bytes = operatorBytes({ deviceId, command, challenge, validMs });
  const signatures: OperatorWord["signatures"] = [];
  // One after the other: a token asks its holder.
  for (const { publicKey, sign } of signers) signatures.push({ key: publicKey, signature: await sign(bytes) });
  return { challenge, validMs, signatures };
}
