/** What commands have in common that read what is encrypted. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import { passphrases } from "../cli/passphrase.ts";
import { type KeyRing, keysOf, openKeyRing } from "../keys/key-ring.ts";
import type { KeyArguments } from "../sign/options.ts";
import { opener } from "./open.ts";

export const openingOptions = {
  "deployment-key": {
    type: "string",
    description: "Key of a deployment, to read what is encrypted for it.",
    valueHint: "FILE",
  },
} as const;

/** Reads by that key, else by those of the ring. Throws KEYS_INVALID, KEYS_DEVELOPMENT. */
export async function openerOf(
  args: KeyArguments & { "deployment-key"?: string | undefined },
  ring?: KeyRing,
): Promise<Unwrap> {
  const file = args["deployment-key"];
  return opener(file === undefined ? ring : await openDeploymentRing(file, args));
}

/** The keys of deployments in `file`. Throws KEYS_INVALID where there is none, KEYS_DEVELOPMENT. */
export async function openDeploymentRing(file: string, args: KeyArguments): Promise<KeyRing> {
  const ring = await openKeyRing(file, { development: args.development === true, passphrases: passphrases(args) });
  if (keysOf(ring, "deployment").length > 0) return ring;
  throw new BulkheadError("KEYS_INVALID", `${file} is not the key of a deployment`, {
    remedy: "make one with `bulkhead keys new FILE --role deployment`; its public half opens nothing",
  });
}
