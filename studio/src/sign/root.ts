/** The root of a project: which keys may sign what. Signed by two of the three root keys, once a year or at a change. */
import { mkdir } from "node:fs/promises";
import { BulkheadError, type KeyPair } from "@bulkhead/protocol";
import { type Key, Metadata, MetadataKind, Root } from "@tufjs/models";
import { readRootKeys, readTargetsKey, rootKeyCount, rootThreshold } from "../keys/key-set.ts";
import { expiresIn, readNewest, signMetadata, specVersion, tufKey, writeMetadata } from "./metadata.ts";

const rootDays = 365;

/** Public keys of the management service, which signs snapshot and timestamp: what is newest, never what is true. */
export type OnlineKeys = { readonly snapshotKey: string; readonly timestampKey: string };

export type SignedRoot = { readonly file: string; readonly version: number };
type RootOptions = { readonly nowMs?: number };

/** Signs `1.root.json` in a new repository. Throws USAGE where there is a root already, KEYS_INVALID, KEY_WEAK. */
export async function initRepository(
  keysDir: string,
  repoDir: string,
  online: OnlineKeys,
  options: RootOptions = {},
): Promise<SignedRoot> {
  await mkdir(repoDir, { recursive: true });
  if ((await readNewest(repoDir, MetadataKind.Root)) !== undefined) {
    throw new BulkheadError("USAGE", `${repoDir} has a root already`, {
      remedy: "sign the next version of it: --next",
    });
  }
  const signers = await readRootKeys(keysDir);
  if (signers.length !== rootKeyCount) {
    const remedy = "bring all of them together once, so that the first root names them all";
    throw new BulkheadError("KEYS_INVALID", `${keysDir} has ${signers.length} of ${rootKeyCount} root keys`, {
      remedy,
    });
  }
  const rootKeys = signers.map(({ publicKey }) => tufKey(publicKey));
  return signRoot({ version: 1, rootKeys, signers, keysDir, repoDir, online, ...options });
}

/**
 * Signs the next root over the newest of the repository: new online keys, a new targets key, a new year. It names the same
 * root keys, any two of which may sign, so it carries what the old root and it itself ask for (TUF 1.0, section 5.3.4).
 * Exchanging root keys is not possible in this version.
 */
export async function rotateRoot(
  keysDir: string,
  repoDir: string,
  online: OnlineKeys,
  options: RootOptions = {},
): Promise<SignedRoot> {
  const old = (await readNewest<Root>(repoDir, MetadataKind.Root))?.signed;
  if (old === undefined) {
    throw new BulkheadError("USAGE", `${repoDir} has no root yet`, { remedy: "sign the first one, without --next" });
  }
  const rootKeys = (old.roles["root"]?.keyIDs ?? []).flatMap((id) => old.keys[id] ?? []);
  const signers = (await readRootKeys(keysDir)).filter(({ publicKey }) =>
    rootKeys.some(({ keyID }) => keyID === tufKey(publicKey).keyID),
  );
  if (signers.length < rootThreshold) {
    const remedy = "use the keys that the root names";
    throw new BulkheadError("KEYS_INVALID", `the root of ${repoDir} does not name these root keys`, { remedy });
  }
  return signRoot({ version: old.version + 1, rootKeys, signers, keysDir, repoDir, online, ...options });
}

type RootContent = RootOptions & {
  version: number;
  rootKeys: readonly Key[];
  signers: readonly KeyPair[];
  keysDir: string;
  repoDir: string;
  online: OnlineKeys;
};

async function signRoot(content: RootContent): Promise<SignedRoot> {
  const { version, rootKeys, signers, online } = content;
  const targetsKey = tufKey((await readTargetsKey(content.keysDir)).publicKey);
  const expires = expiresIn(rootDays, content.nowMs ?? Date.now());
  const root = new Root({ version, specVersion, expires, consistentSnapshot: true });
  for (const key of rootKeys) root.addKey(key, "root");
  root.addKey(targetsKey, "targets");
  root.addKey(tufKey(online.snapshotKey), "snapshot");
  root.addKey(tufKey(online.timestampKey), "timestamp");
  const metadata = new Metadata(withThreshold(root));
  signMetadata(metadata, signers);
  return { file: await writeMetadata(content.repoDir, metadata), version };
}

// The library makes every role with a threshold of one and keeps it read-only.
function withThreshold(root: Root): Root {
  const json = root.toJSON() as { roles: { root: { threshold: number } } };
  json.roles.root.threshold = rootThreshold;
  return Root.fromJSON(json);
}
