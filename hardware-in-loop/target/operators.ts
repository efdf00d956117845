/** The operator's key of a bench, by which its suites give orders to a real board. */
import { BulkheadError } from "@bulkhead/protocol";
import { passphrases } from "../../studio/src/cli/passphrase.ts";
import { keysOf, openKeyRing, openSigner } from "../../studio/src/keys/key-ring.ts";
import type { Signer } from "../../studio/src/keys/signer.ts";
import type { RealBoard } from "../station/real-board.ts";

type Operator = RealBoard["operator"];

/** Opens the keys when they are first asked for; none where the station names none. Throws KEYS_INVALID, KEYS_LOCKED. */
export function operatorsOf(operator: Operator): () => Promise<readonly Signer[]> {
  let opened: Promise<readonly Signer[]> | undefined;
  return () => {
    opened ??= operator === undefined ? Promise.resolve([]) : openAll(operator);
    return opened;
  };
}

async function openAll({ key, passphraseFile }: NonNullable<Operator>): Promise<readonly Signer[]> {
  const args = passphraseFile === undefined ? {} : { "passphrase-file": passphraseFile };
  const ring = await openKeyRing(key, { development: true, passphrases: passphrases(args) });
  const keys = keysOf(ring, "operator");
  if (keys.length > 0) return Promise.all(keys.map((one) => openSigner(one, ring.passphrases)));
  throw new BulkheadError("KEYS_INVALID", `there is no operator's key in ${key}`, {
    remedy: "make one with `bulkhead keys new FILE --role operator`",
  });
}
