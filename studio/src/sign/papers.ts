/**
 * The papers of a release, as they are signed beside it: the bill of materials as it was built, and the provenance in an envelope. The
 * signature of the envelope says who built; that of the targets, which names envelope and key, says that the holders of the targets keys take
 * it for that. So one key is enough for the first, whatever the threshold of the second, and it need be none of the root's.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type PaperKind, paperTargetName, type Release, sha256 } from "@bulkhead/protocol";
import { type KeyRing, keysOf, signerOf } from "../keys/key-ring.ts";
import { namedKey, sealStatement } from "../papers/dsse.ts";
import type { SealedText } from "../seal/release.ts";

export type Paper = {
  readonly kind: PaperKind;
  readonly target: string;
  readonly text: string;
  readonly digest: string;
  /** Of provenance: the public key of who built. */
  readonly builder?: string;
  /** What stands among the targets in its place. */
  readonly sealed?: SealedText;
};

/** Beside `release.json`. */
const files = { sbom: "sbom.cdx.json", statement: "provenance.json", envelope: "provenance.dsse.json" } as const;

/**
 * The papers in a build's directory, as far as there are any. The provenance is signed by the ring's key of role `builder`, else by its first
 * targets key; it is left out where nobody can sign it. Throws KEYS_LOCKED, KEYS_INVALID, TOKEN_FAILED, RELEASE_SIGNATURE_INVALID.
 */
export async function readPapers(releaseDir: string, release: Release, ring: KeyRing | undefined): Promise<Paper[]> {
  const read = (name: string) => readFile(join(releaseDir, name), "utf8").catch(() => undefined);
  const [sbom, statement, sealed] = await Promise.all([read(files.sbom), read(files.statement), read(files.envelope)]);
  const papers: Paper[] = [];
  if (sbom !== undefined) papers.push(paper("sbom", release, sbom));
  const envelope = sealed ?? (statement && (await seal(statement, ring)));
  if (envelope !== undefined) {
    papers.push({ ...paper("provenance", release, envelope), builder: namedKey(envelope, files.envelope) });
  }
  return papers;
}

/** By the key of who builds; undefined where the ring has none that may say so. */
export async function seal(statement: string, ring: KeyRing | undefined): Promise<string | undefined> {
  const key = ring && (keysOf(ring, "builder")[0] ?? keysOf(ring, "targets")[0]);
  return ring && key && sealStatement(statement, await signerOf(ring, key));
}

function paper(kind: PaperKind, release: Release, text: string): Paper {
  return { kind, target: paperTargetName(release, kind), text, digest: sha256(text) };
}
