/**
 * The encrypted files of a repository, by their digests, and which artifact each was made of: what did not change is not encrypted anew, so
 * the management service stores nothing twice. It is a note of this place's alone: what a note that is wrong leads to, devices refuse.
 */
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Artifact, artifactSchema, digestSchema, recipientsSchema, sha256 } from "@bulkhead/protocol";
import { z } from "zod";
import { writeAtomically } from "../sign/metadata.ts";
import { seal } from "./write.ts";

const madeSchema = z.array(
  z.strictObject({ artifact: digestSchema, recipients: recipientsSchema, file: artifactSchema }),
);
type Made = z.infer<typeof madeSchema>;

/** Where a repository has an encrypted file. */
export const sealedFile = (repositoryDir: string, digest: string): string => join(repositoryDir, "sealed", digest);

/** The encrypted files of `artifacts`, whose archives are in `blobsDir`: those from before where they are for the same keys. */
export async function sealArtifacts(
  artifacts: readonly Artifact[],
  blobsDir: string,
  repositoryDir: string,
  recipients: readonly string[],
): Promise<Map<string, Artifact>> {
  const notes = join(repositoryDir, "sealed", "made.json");
  await mkdir(join(repositoryDir, "sealed"), { recursive: true });
  const made = await readMade(notes);
  const files = new Map<string, Artifact>();
  for (const { digest, length } of artifacts) {
    const before = await findMade(made, digest, recipients, repositoryDir);
    const file = before ?? (await sealOne(join(blobsDir, digest), length, repositoryDir, recipients));
    if (before === undefined) made.push({ artifact: digest, recipients: [...recipients].sort(), file });
    files.set(digest, file);
  }
  await writeAtomically(notes, `${JSON.stringify(made)}\n`);
  return files;
}

async function readMade(notes: string): Promise<Made> {
  const text = await readFile(notes, "utf8").catch(() => "[]");
  try {
    return madeSchema.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

async function findMade(
  made: Made,
  artifact: string,
  recipients: readonly string[],
  repositoryDir: string,
): Promise<Artifact | undefined> {
  const wanted = [...recipients].sort().join();
  const found = made.find((one) => one.artifact === artifact && one.recipients.join() === wanted)?.file;
  const bytes = found && (await readFile(sealedFile(repositoryDir, found.digest)).catch(() => undefined));
  return bytes !== undefined && sha256(bytes) === found?.digest ? found : undefined;
}

async function sealOne(
  archive: string,
  lengthBytes: number,
  repositoryDir: string,
  recipients: readonly string[],
): Promise<Artifact> {
  const growing = join(repositoryDir, "sealed", "growing");
  const file = await open(growing, "w");
  try {
    for await (const piece of seal(createReadStream(archive), lengthBytes, recipients)) await file.write(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  const bytes = await readFile(growing);
  const digest = sha256(bytes);
  await rename(growing, sealedFile(repositoryDir, digest));
  return { digest, length: bytes.length };
}
