/** TUF metadata as files (TUF 1.0.34): keys, dates, the bytes that are signed, reading and writing. */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, canonicalJson, isWeakSigningKey, sha256 } from "@bulkhead/protocol";
import { Key, Metadata, MetadataKind, type Root, Signature, type Targets } from "@tufjs/models";

/** The version of the specification that `@tufjs/models` implements; it refuses another major. */
export const specVersion = "1.0.31";
const dayMs = 24 * 60 * 60 * 1000;

/** What the offline keys sign. */
export type Offline = Root | Targets;

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

/** The public half of a key in metadata, as base64url. */
export function publicKeyOf(key: Key): string {
  return Buffer.from(key.keyVal["public"] ?? "", "hex").toString("base64url");
}

/** The bytes that are signed: the canonical form of the signed part, which only the library's own `sign` shows. */
export function signedBytes(metadata: Metadata<Offline>): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  new Metadata(metadata.signed).sign((shown) => {
    bytes = shown;
    return new Signature({ keyID: "", sig: "" });
  });
  return bytes;
}

/** Metadata of a root or of targets in `text`. Throws RELEASE_METADATA_INVALID naming `where` it is from. */
export function parseMetadata<T extends Offline>(kind: T["type"], json: unknown, where: string): Metadata<T> {
  try {
    return Metadata.fromJSON(kind as MetadataKind.Root, json as never) as unknown as Metadata<T>;
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${where} is not TUF metadata`, { cause });
  }
}

/** All `<version>.<role>.json` in `directory`, by rising version. Throws RELEASE_METADATA_INVALID. */
export async function readVersions<T extends Offline>(
  directory: string,
  kind: T["type"],
  role: string = kind,
): Promise<Metadata<T>[]> {
  const versions = (await readdir(directory)).flatMap((name) => {
    const match = /^(\d{1,9})\.([a-z0-9-]+)\.json$/.exec(name);
    return match?.[2] === role ? [Number(match[1])] : [];
  });
  const files = versions.sort((a, b) => a - b).map((version) => join(directory, `${version}.${role}.json`));
  return Promise.all(files.map(async (file) => parseMetadata<T>(kind, await readJson(file), file)));
}

/**
 * The newest `<version>.targets.json` in `directory`, or that of a delegated role; undefined where there is none. Throws
 * RELEASE_METADATA_INVALID.
 */
export async function readNewestTargets(
  directory: string,
  role: string = MetadataKind.Targets,
): Promise<Metadata<Targets> | undefined> {
  return (await readVersions<Targets>(directory, MetadataKind.Targets, role)).at(-1);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", `${file} is not TUF metadata`, { cause });
  }
}

/** Writes `<version>.<role>.json`; a reader sees the whole file or none. Returns its path. */
export async function writeMetadata(
  directory: string,
  metadata: Metadata<Offline>,
  role: string = metadata.signed.type,
): Promise<string> {
  const file = join(directory, `${metadata.signed.version}.${role}.json`);
  await writeAtomically(file, JSON.stringify(metadata.toJSON()));
  return file;
}

export async function writeAtomically(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}
