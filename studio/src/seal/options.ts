/** What commands have in common that read what is encrypted. */
import type { Unwrap } from "@bulkhead/runtime";
import { passphrases } from "../cli/passphrase.ts";
import { type KeyRing, openKeyRing } from "../keys/key-ring.ts";
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
  if (file === undefined) return opener(ring);
  return opener(await openKeyRing(file, { development: args.development === true, passphrases: passphrases(args) }));
}
