/** Who may sign what, and how many of them: counted strictly, each key once, and only signatures that hold. Pure. */
import { BulkheadError, parseDelegations, verifySignature } from "@bulkhead/protocol";
import type { Metadata, Root, Targets } from "@tufjs/models";
import { type Offline, publicKeyOf, signedBytes, tufKey } from "./metadata.ts";

/** Keys of which `threshold` must sign. */
export type Authority = {
  /** In words: `root 2`, `the targets keys of root 2`. */
  readonly title: string;
  readonly threshold: number;
  /** Public keys (base64url) by their ids. */
  readonly keys: ReadonlyMap<string, string>;
};

export type Signatures = {
  /** Ids of keys whose signatures hold, in the order in which they signed. */
  readonly valid: readonly string[];
  /** What stands in a signature's place and is none. */
  readonly invalid: readonly string[];
};

/** The keys that a root names for a role. Throws KEYS_INVALID for a role in which a threshold would mean nothing. */
export function authorityOf(root: Root, role: "root" | "targets"): Authority {
  const { keyIDs = [], threshold = 0 } = root.roles[role] ?? {};
  const keys = new Map(keyIDs.flatMap((id) => (root.keys[id] ? [[id, publicKeyOf(root.keys[id])] as const] : [])));
  const title = role === "root" ? `root ${root.version}` : `the targets keys of root ${root.version}`;
  const distinct = new Set(keys.values()).size;
  if (Number.isInteger(threshold) && threshold >= 1 && distinct === keys.size && keys.size >= threshold) {
    return { title, threshold, keys };
  }
  const message = `root ${root.version} asks for ${threshold} of ${distinct} different ${role} keys`;
  throw new BulkheadError("KEYS_INVALID", message, {
    remedy: "a threshold is at least 1, and at most the number of keys",
  });
}

/** The role that targets pass on, and those targets. */
export type Delegated = { readonly name: string; readonly targets: Metadata<Targets> };

/**
 * What must sign `metadata`: for a root the root before it and itself (section 5.3.4), for targets the newest root, for
 * what targets have passed on those targets, where that root's keys signed them.
 */
export function authoritiesFor(
  metadata: Metadata<Offline>,
  root: Root | undefined,
  delegated?: Delegated | undefined,
): Authority[] {
  const { signed } = metadata;
  if (signed.type === "root") {
    return [...(root === undefined ? [] : [authorityOf(root, "root")]), authorityOf(signed as Root, "root")];
  }
  if (root === undefined) throw new BulkheadError("KEYS_INVALID", "there is no root that names targets keys");
  const targets = authorityOf(root, "targets");
  return [delegated === undefined ? targets : delegateOf(delegated, targets)];
}

function delegateOf({ name, targets }: Delegated, authority: Authority): Authority {
  if (missingOf(authority, checkSignatures(targets, [authority])) > 0) {
    throw new BulkheadError("KEYS_INVALID", `the targets that pass ${name} on are not signed by ${authority.title}`, {
      remedy: "sign them anew: `bulkhead sign --refresh`",
    });
  }
  const found = parseDelegations(targets.signed.delegations?.toJSON()).find((one) => one.name === name);
  if (found === undefined) {
    throw new BulkheadError("KEYS_INVALID", `the targets pass ${name} on to nobody`, {
      remedy: "the holders of the targets keys do that: `bulkhead keys overlay`",
    });
  }
  const keys = new Map(found.keys.map((key) => [tufKey(key).keyID, key]));
  return { title: `the keys of ${name}`, threshold: found.threshold, keys };
}

/** The signatures that `metadata` carries, by keys of any of `authorities`. */
export function checkSignatures(metadata: Metadata<Offline>, authorities: readonly Authority[]): Signatures {
  const bytes = signedBytes(metadata);
  const known = new Map(authorities.flatMap(({ keys }) => [...keys]));
  const holds = ({ keyID, sig }: { keyID: string; sig: string }): boolean => {
    const key = known.get(keyID);
    return key !== undefined && verifySignature(key, bytes, Buffer.from(sig, "hex").toString("base64url"));
  };
  const all = Object.values(metadata.signatures);
  const valid = all.filter(holds).map(({ keyID }) => keyID);
  return { valid, invalid: all.map(({ keyID }) => keyID).filter((id) => !valid.includes(id)) };
}

/** How many more keys of an authority must sign. */
export function missingOf(authority: Authority, { valid }: Signatures): number {
  return Math.max(0, authority.threshold - valid.filter((id) => authority.keys.has(id)).length);
}
