/**
 * Whom the targets keys pass something on to: overlays of a deployment to the organisation that runs it, commands to
 * operators. TUF delegations (1.0.34, section 4.5): terminating, one literal prefix, one level. Pure.
 */
import { BulkheadError, delegationName, type Json, maxOperatorSignatures } from "@bulkhead/protocol";
import { tufKey } from "./metadata.ts";

/** `operators`, or the overlays of a deployment. */
export type Delegate = "operators" | { readonly deployment: string };

/** `keys` (public, base64url) replace those that the delegation had; none: it is taken back. */
export type DelegationChange = { readonly to: Delegate; readonly keys: readonly string[]; readonly threshold: number };

/** As it is in the metadata; the library has the class, but does not export it. */
export type DelegationsJson = {
  readonly keys: Readonly<Record<string, Json>>;
  readonly roles: readonly { readonly name: string; readonly keyids: readonly string[] }[];
};

/** The delegations after a change; undefined where none is left. Throws KEYS_INVALID, KEY_WEAK. */
export function changeDelegations(
  before: DelegationsJson | undefined,
  change: DelegationChange,
): DelegationsJson | undefined {
  const { name, path } = delegationName(change.to);
  const others = (before?.roles ?? []).filter((role) => role.name !== name);
  if (change.keys.length === 0) {
    if (others.length === (before?.roles.length ?? 0)) {
      throw new BulkheadError("KEYS_INVALID", `there is no delegation ${name} to take back`);
    }
    return others.length === 0 ? undefined : tidied({ keys: before?.keys ?? {}, roles: others });
  }
  const added = checked(name, change).map(tufKey);
  const keys = { ...before?.keys, ...Object.fromEntries(added.map((key) => [key.keyID, key.toJSON() as Json])) };
  const keyids = added.map(({ keyID }) => keyID);
  const role = { name, keyids, threshold: change.threshold, terminating: true, paths: [path] };
  return tidied({ keys, roles: [...others, role] });
}

/** Without keys that nothing names any more. */
function tidied({ keys, roles }: DelegationsJson): DelegationsJson {
  const used = new Set(roles.flatMap(({ keyids }) => keyids));
  return { keys: Object.fromEntries(Object.entries(keys).filter(([id]) => used.has(id))), roles };
}

function checked(name: string, { keys, threshold }: DelegationChange): readonly string[] {
  if (new Set(keys).size !== keys.length) {
    throw new BulkheadError("KEYS_INVALID", `one key would count twice for ${name}`, { remedy: "name each key once" });
  }
  if (name === "operators" && threshold > maxOperatorSignatures) {
    throw new BulkheadError("KEYS_INVALID", `a command has at most ${maxOperatorSignatures} signatures`, {
      remedy: "ask for fewer operators",
    });
  }
  if (Number.isInteger(threshold) && threshold >= 1 && threshold <= keys.length) return keys;
  throw new BulkheadError("KEYS_INVALID", `${threshold} of ${keys.length} keys cannot sign for ${name}`, {
    remedy: "a threshold is at least 1, and at most the number of keys",
  });
}
