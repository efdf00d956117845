/** What an attacker can make who has none of the project's keys: a complete repository under keys of their own. */
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { generateSigningKey, generateX25519Key } from "@bulkhead/protocol";
import { Metadata, MetadataKind } from "@tufjs/models";
import { signSnapshot, signTimestamp } from "../../kms/src/releases/signing.ts";
import {
  type BuiltRelease,
  developmentRing,
  initKeys,
  initRepository,
  type OnlineKeys,
  signRelease,
} from "../../studio/src/index.ts";

/** Online keys that the attacker holds, as a KMS holds its own. */
const online = { snapshotKey: generateSigningKey(), timestampKey: generateSigningKey() };

/**
 * Signs a release with keys of the attacker's, above the version that the project's repository has. `trusted` names the
 * online keys in the attacker's root; without it they are the attacker's own.
 */
export async function signAsAttacker(
  built: BuiltRelease,
  projectRepository: string,
  directory: string,
  trusted?: OnlineKeys,
): Promise<string> {
  const keysDir = join(directory, "keys");
  const repositoryDir = join(directory, "repository");
  await mkdir(repositoryDir, { recursive: true });
  await initKeys(keysDir, "development");
  const keys = await developmentRing(keysDir);
  const own = { snapshotKey: online.snapshotKey.publicKey, timestampKey: online.timestampKey.publicKey };
  await initRepository(keys, repositoryDir, trusted ?? own);
  for (const name of await readdir(projectRepository)) {
    if (name.endsWith(".targets.json")) await cp(join(projectRepository, name), join(repositoryDir, name));
  }
  await signRelease({ keys, repoDir: repositoryDir, releaseDir: built.dir });
  return repositoryDir;
}

/** Leaves only what can be uploaded to a KMS that has the project's own root. */
export async function withoutRoots(repositoryDir: string): Promise<string> {
  for (const name of await readdir(repositoryDir)) if (name.endsWith(".root.json")) await rm(join(repositoryDir, name));
  return repositoryDir;
}

/** All metadata of the attacker's repository with snapshot and timestamp, as an agent stages them. */
export async function signOnline(repositoryDir: string): Promise<Record<string, string>> {
  const names = await readdir(repositoryDir);
  const version = Math.max(...names.flatMap((name) => /^(\d+)\.targets\.json$/.exec(name)?.[1] ?? []).map(Number));
  const read = (name: string) => readFile(join(repositoryDir, name), "utf8");
  const root = Metadata.fromJSON(MetadataKind.Root, JSON.parse(await read("1.root.json")));
  const targets = { name: `${version}.targets.json`, version, content: await read(`${version}.targets.json`) };
  const instance = {
    format: 1 as const,
    instanceKey: generateSigningKey(),
    tunnelKey: generateX25519Key().publicKey,
    prefix: "fd00:0:0::",
    ...online,
  };
  // Far above anything that the project has signed, as one would who hopes that newer wins.
  const snapshot = signSnapshot(root, [targets], 1_000, instance, Date.now());
  const timestamp = signTimestamp(root, snapshot, 1_000, instance, Date.now());
  return {
    "2.root.json": await read("1.root.json"),
    [targets.name]: targets.content,
    [snapshot.name]: snapshot.content,
    [timestamp.name]: timestamp.content,
  };
}
