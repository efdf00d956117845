/** A built release becomes an envelope: what is signed and given away of it, when only some are to read it. */
import { join } from "node:path";
import {
  blobsOf,
  canonicalJson,
  type Envelope,
  type EnvelopeContent,
  envelopeFormat,
  envelopeSchema,
  type Release,
  sha256,
} from "@bulkhead/protocol";
import { sealArtifacts } from "./store.ts";
import { sealWhole } from "./write.ts";

/** Encrypted text, as it stands among the targets, and its digest. */
export type SealedText = { readonly text: string; readonly digest: string };

/** `text`: the release's own, as it was built in `releaseDir`. Its encrypted files go to the repository. */
export async function sealRelease(
  { release, text }: { readonly release: Release; readonly text: string },
  releaseDir: string,
  repositoryDir: string,
  recipients: readonly string[],
): Promise<SealedText> {
  const { name, version, releaseCounter, board } = release;
  const files = await sealArtifacts(release.artifacts, join(releaseDir, "blobs"), repositoryDir, recipients);
  const sealed = Object.fromEntries([...files].map(([artifact, { digest }]) => [artifact, digest]));
  const content = canonicalJson({ release: text, sealed } satisfies EnvelopeContent);
  const envelope: Envelope = envelopeSchema.parse({
    ...{ envelope: envelopeFormat, name, version, releaseCounter, board, release: sha256(text), recipients },
    content: (await sealWhole(content, recipients)).toString("base64"),
    // A base system stays readable: its files are the distribution's, and large.
    blobs: [...files.values(), ...blobsOf(release.baseSystem)].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  });
  return sealedText(canonicalJson(envelope));
}

/** A paper, in the text form of age: a target is text. */
export async function sealPaper(text: string, recipients: readonly string[]): Promise<SealedText> {
  const lines = (await sealWhole(text, recipients)).toString("base64").match(/.{1,64}/g) ?? [];
  return sealedText([armorBegin, ...lines, armorEnd, ""].join("\n"));
}

/** The first and the last line of an age file as text (age-encryption.org/v1, "ASCII armor"). */
export const armorBegin = "-----BEGIN AGE ENCRYPTED FILE-----";
export const armorEnd = "-----END AGE ENCRYPTED FILE-----";

const sealedText = (text: string): SealedText => ({ text, digest: sha256(text) });
