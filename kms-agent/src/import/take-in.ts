/**
 * A release out of a file of `bulkhead export`, from the agent's side: staged as what comes from the KMS is, and judged by the same verifier.
 * The file is whoever's: a hostile one can do no more than a hostile KMS.
 */
import { join } from "node:path";
import {
  BulkheadError,
  delegationName,
  type ExportEntry,
  exportHeaderSchema,
  type ImportReport,
  partsOfTarget,
  readExport,
} from "@bulkhead/protocol";
import type { Verdict } from "@bulkhead/sdk";
import { replaceFile } from "../durable-file.ts";
import { examineDeadlineMs, type Gate, installDeadlineMs } from "../fetch/deploy.ts";
import { prune, type Staging } from "../fetch/staging.ts";
import type { Turns } from "../turns.ts";
import { takeBlobs } from "./take-blobs.ts";

export type TakeInPorts = {
  readonly gate: Gate;
  readonly staging: Staging;
  /** Where others stage metadata as well. */
  readonly inTurn: Turns;
  readonly tell: (report: ImportReport) => void;
  /** Digest of the release that is meant; null: whichever the file has. */
  readonly meant: string | null;
};

/** Of all metadata together, which is held in memory until the last of it is there. */
const maxAllMetadataBytes = 12 * 1024 * 1024;
/** The release, and an overlay. */
const maxDocuments = 2;

/**
 * Brings the release in `source` to the verifier. Answers its verdict; throws EXPORT_INVALID, EXPORT_INCOMPLETE, RELEASE_ARTIFACT_ALTERED,
 * STORAGE_FULL, and coded errors where the verifier could not be asked. What is not installed leaves nothing behind.
 */
export async function takeIn(source: AsyncIterable<Uint8Array>, ports: TakeInPorts): Promise<Verdict> {
  const { staging } = ports;
  try {
    const verdict = await bring(readExport(source), ports);
    if (!verdict.accepted) await ports.inTurn(() => prune(staging.metadata, () => false));
    return verdict;
  } catch (error) {
    await ports.inTurn(() => prune(staging.metadata, () => false)).catch(() => undefined);
    throw error;
  } finally {
    // The verifier has its own copy, or wants none; disks are small.
    await prune(staging.blobs, () => false).catch(() => undefined);
    await prune(staging.targets, () => false).catch(() => undefined);
  }
}

async function bring(entries: AsyncGenerator<ExportEntry>, { gate, staging, inTurn, tell, meant }: TakeInPorts) {
  try {
    const header = await readHeader(entries);
    const { target, releaseDigest, envelope = releaseDigest, overlay, effectiveDigest: said, expires } = header;
    // Without an overlay there are no two digests, whatever the file says.
    const effectiveDigest = overlay && said ? said : releaseDigest;
    tell({ event: "offered", target, effectiveDigest, expires });
    // By the file's own word, which saves reading it: what it comes to with an overlay, the verifier knows.
    if (meant !== null && meant !== effectiveDigest) throw notMeant(effectiveDigest, meant);
    const asked = { target, releaseDigest, ...(overlay && { overlay }), ...(meant !== null && { meant }) };
    const first = await takeMetadata(entries, (files) => inTurn(() => stageMetadata(staging.metadata, files)));
    const names = new Map([[envelope, `${envelope}.${target}`]]);
    if (overlay) {
      // The name of its list becomes one of a file.
      delegationName(partsOfTarget(overlay.target));
      names.set(overlay.digest, `${overlay.digest}.${partsOfTarget(overlay.target).file}`);
    }
    await prune(staging.targets, () => false);
    const next = await takeDocuments(first, entries, names, staging.targets);
    const { verdict, missing, roomBytes } = await gate.examine(asked, { deadlineMs: examineDeadlineMs });
    if (!verdict.accepted) return verdict;
    await takeBlobs(next, entries, { missing, roomBytes }, staging.blobs, tell);
    tell({ event: "installing" });
    return await gate.install(asked, { deadlineMs: installDeadlineMs });
  } finally {
    await entries.return(undefined);
  }
}

function notMeant(found: string, meant: string): BulkheadError {
  return new BulkheadError("EXPORT_INVALID", `the file has ${found}, and ${meant} is meant`, {
    remedy: "bring the file that `bulkhead export` wrote of that release",
  });
}

async function readHeader(entries: AsyncGenerator<ExportEntry>) {
  const first = await entries.next();
  const text = first.done ? "" : (await contentOf(first.value)).toString();
  try {
    return exportHeaderSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BulkheadError("EXPORT_INVALID", "the file does not say what is in it, or another version wrote it", {
      cause,
      remedy: "export the release again, with the version of Bulkhead that the device has",
    });
  }
}

type Stage = (files: ReadonlyMap<string, Buffer>) => Promise<void>;

/** Stages all metadata at once; answers the first entry that is none. */
async function takeMetadata(entries: AsyncGenerator<ExportEntry>, stage: Stage): Promise<ExportEntry | undefined> {
  const files = new Map<string, Buffer>();
  let bytes = 0;
  for (;;) {
    const { done, value: entry } = await entries.next();
    if (done || entry.kind !== "metadata") {
      await stage(files);
      return done ? undefined : entry;
    }
    bytes += entry.sizeBytes;
    if (bytes > maxAllMetadataBytes) {
      throw new BulkheadError("EXPORT_INVALID", `the file has more than ${maxAllMetadataBytes} bytes of metadata`);
    }
    files.set(entry.name, await contentOf(entry));
  }
}

/** What names others comes last in the file, and here. */
async function stageMetadata(directory: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [name, content] of files) await replaceFile(join(directory, name), content);
  await prune(directory, (name) => files.has(name));
}

/** `names`: of the documents that are wanted, by their digests. Answers the first entry that is none. */
async function takeDocuments(
  first: ExportEntry | undefined,
  entries: AsyncGenerator<ExportEntry>,
  names: ReadonlyMap<string, string>,
  directory: string,
): Promise<ExportEntry | undefined> {
  let entry = first;
  for (let count = 0; entry?.kind === "document"; count++) {
    const name = names.get(entry.name);
    if (name === undefined || count === maxDocuments) {
      throw new BulkheadError("EXPORT_INVALID", `the document ${entry.name} is not what the file says it brings`);
    }
    await replaceFile(join(directory, name), await contentOf(entry));
    const next = await entries.next();
    entry = next.done ? undefined : next.value;
  }
  return entry;
}

async function contentOf({ content }: ExportEntry): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
