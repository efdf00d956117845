/**
 * The KMS's part of the TUF repository: snapshot and timestamp, signed by its online keys over what the offline keys
 * signed (TUF 1.0, sections 4.4 and 4.6, with consistent snapshots). Pure.
 */
import { BulkheadError, type KeyPair, sha256, signMessage } from "@bulkhead/protocol";
import { Metadata, MetaFile, type Root, Signature, Snapshot, Timestamp } from "@tufjs/models";
import type { Instance } from "../instance/index.ts";

export const specVersion = "1.0.31";
/** Long enough for a device that sleeps over a holiday; a frozen repository shows within it. */
export const timestampLifeMs = 7 * 24 * 3600 * 1000;
export const snapshotLifeMs = 30 * 24 * 3600 * 1000;

export type SignedFile = { name: string; version: number; content: string };

/** `listed`: the newest targets file, and that of each role that it has passed on. Errors: RELEASE_METADATA_INVALID where the root does not name our key. */
export function signSnapshot(
  root: Metadata<Root>,
  listed: readonly SignedFile[],
  version: number,
  instance: Instance,
  nowMs: number,
): SignedFile {
  const meta = Object.fromEntries(listed.map((file) => [file.name.replace(/^\d+\./, ""), describe(file)]));
  const signed = new Snapshot({ version, specVersion, expires: time(nowMs + snapshotLifeMs), meta });
  const content = sign(new Metadata(signed), root, "snapshot", instance.snapshotKey);
  return { name: `${version}.snapshot.json`, version, content };
}

/** Errors: as signSnapshot. */
export function signTimestamp(
  root: Metadata<Root>,
  snapshot: SignedFile,
  version: number,
  instance: Instance,
  nowMs: number,
): SignedFile {
  const signed = new Timestamp({
    version,
    specVersion,
    expires: time(nowMs + timestampLifeMs),
    snapshotMeta: describe(snapshot),
  });
  return {
    name: "timestamp.json",
    version,
    content: sign(new Metadata(signed), root, "timestamp", instance.timestampKey),
  };
}

function describe(file: SignedFile): MetaFile {
  return new MetaFile({
    version: file.version,
    length: Buffer.byteLength(file.content),
    hashes: { sha256: sha256(file.content) },
  });
}

function sign(
  metadata: Metadata<Snapshot> | Metadata<Timestamp>,
  root: Metadata<Root>,
  role: "snapshot" | "timestamp",
  key: KeyPair,
): string {
  const keyID = findKeyId(root, role, key.publicKey);
  metadata.sign((bytes) => {
    return new Signature({ keyID, sig: Buffer.from(signMessage(key, bytes), "base64url").toString("hex") });
  });
  return JSON.stringify(metadata.toJSON());
}

/** The id under which the project's root knows our key. */
function findKeyId(root: Metadata<Root>, role: "snapshot" | "timestamp", publicKey: string): string {
  const hex = Buffer.from(publicKey, "base64url").toString("hex");
  const ids = root.signed.roles[role]?.keyIDs ?? [];
  const found = ids.find((id) => root.signed.keys[id]?.keyVal["public"] === hex);
  if (found) return found;
  throw new BulkheadError("RELEASE_METADATA_INVALID", `the root of this project does not name this KMS's ${role} key`, {
    remedy: `make a root that lists ${hex} for the role ${role}: GET /api/v1/instance shows the KMS's keys`,
  });
}

/** TUF's date form has no fractions (section 4.2.1). */
function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
