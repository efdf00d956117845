/** Whose word goes with a command: operators' keys, where the device asks for them or they are named. */
import type { Device } from "@bulkhead/kms";
import { BulkheadError, maxOperatorSignatures } from "@bulkhead/protocol";
import { keysOf, openSigner } from "../keys/key-ring.ts";
import type { Signer } from "../keys/signer.ts";
import { type KeyArguments, keyOptions, openRing } from "../sign/options.ts";

/** The options of every command that reaches into a device. */
export const operatorOptions = {
  ...keyOptions,
  keys: {
    type: "string",
    description: "Operator's key, or a directory with such keys. The device is then named by its whole id.",
    valueHint: "PATH",
  },
} as const;

/** Opens the keys that are to sign. Throws COMMAND_UNSIGNED, USAGE, KEYS_INVALID, KEYS_LOCKED, KEYS_DEVELOPMENT. */
export async function openOperators(args: KeyArguments & { device: string }, device: Device): Promise<Signer[]> {
  if (args.keys === undefined) {
    if (device.unsignedCommands !== false) return [];
    throw new BulkheadError("COMMAND_UNSIGNED", `${device.name} takes commands by an operator's signature only`, {
      remedy: "give --keys with an operator's key, and the device by its id; docs/guide/operators.md",
    });
  }
  // The service says which id belongs to a name: it could have another device restarted than the operator means.
  if (args.device !== device.id) {
    throw new BulkheadError("USAGE", "a command that is signed names the device by its whole id", {
      remedy: "take the id from where you noted it; what a name stands for is the management service's word",
    });
  }
  const ring = await openRing(args);
  const keys = keysOf(ring, "operator");
  if (keys.length === 0) {
    throw new BulkheadError("KEYS_INVALID", `there is no operator's key in ${args.keys}`, {
      remedy: "make one with `bulkhead keys new FILE --role operator`",
    });
  }
  if (keys.length > maxOperatorSignatures) {
    throw new BulkheadError("USAGE", `a command has at most ${maxOperatorSignatures} signatures`, {
      remedy: `name fewer keys than the ${keys.length} in ${args.keys}`,
    });
  }
  const signers: Signer[] = [];
  // One after the other: each may ask for its passphrase.
  for (const key of keys) signers.push(await openSigner(key, ring.passphrases));
  return signers;
}
