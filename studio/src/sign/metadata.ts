/** TUF metadata as files (TUF 1.0.34): keys, signatures, dates, reading and writing. */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, canonicalJson, isWeakSigningKey, type KeyPair, sha256, signMessage } from "@bulkhead/protocol";
import { Key, Metadata, type MetadataKind, type Root, Signature, type Targets } from "@tufjs/models";

/** The version of the specification that `@tufjs/models` implements; it refuses another major. */
export const specVersion = "1.0.31";
const dayMs = 24 * 60 * 60 * 1000;

/** `expires` of metadata that is good for `days` from `nowMs`: whole seconds, UTC (section 4.2.1). */
export function expiresIn(days: number, nowMs: number): string {
  return new Date(nowMs + days * dayMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A public key as TUF writes it; its id is the digest of its canonical form (section 4.2). Throws KEY_WEAK. */
export function tufKey(publicKey: string): Key {
  if (isWeakSigningKey(publicKey)) {
    throw new BulkheadError("KEY_WEAK", `the public key ${publicKey} is of small order`, {
      remedy: "a key of this kind accepts forged signatures; make another",
    });
  }
  const json = {
    keytype: "ed25519",
    scheme: "ed25519",
    keyval: { public: Buffer.from(publicKey, "base64url").toString("hex") },
  };
  return Key.fromJSON(sha256(canonicalJson(json)), json);
}

/** Adds a signature of each of `keys`. */
export function signMetadata(metadata: Metadata<Root> | Metadata<Targets>, keys: readonly KeyPair[]): void {
  for (const key of keys) {
    const { keyID } = tufKey(key.publicKey);
    metadata.sign((bytes) => {
      const sig = Buffer.from(signMessage(key, bytes), "base64url").toString("hex");
      return new Signature({ keyID, sig });
    }, true);
  }
}

/** The newest `<version>.<role>.json` in `directory`; undefined where there is none. Throws RELEASE_METADATA_INVALID. */
export async function readNewest<T extends Root | Targets>(
  directory: string,
  kind: MetadataKind.Root | MetadataKind.Targets,
): Promise<Metadata<T> | undefined> {
  const versions = (await readdir(directory)).flatMap((name) => {
    const match = /^(\d{1,9})\.([a-z]+)\.json$/.exec(name);
    return match?.[2] === kind ? [Number(match[1])] : [];
  });
  if (versions.length === 0) return undefined;
  const file = join(directory, `${Math.max(...versions)}.${kind}.json`);
  try {
    return Metadata.fromJSON(
      kind as MetadataKind.Root,
      JSON.parse(await readFile(file, "utf8")),
    ) as unknown as Metadata<T>;
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${file} is not TUF metadata`, { cause });
  }
}

/** Writes `<version>.<role>.json`; a reader sees the whole file or none. Returns its path. */
export async function writeMetadata(directory: string, metadata: Metadata<Root> | Metadata<Targets>): Promise<string> {
  const { version, type } = metadata.signed;
  const file = join(directory, `${version}.${type}.json`);
  await writeAtomically(file, JSON.stringify(metadata.toJSON()));
  return file;
}

export async function writeAtomically(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}
