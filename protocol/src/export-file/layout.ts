/**
 * What is in a file of `bulkhead export`: a ustar archive with one order of its entries, so that what reads it knows what each is for before the
 * next comes, and so that nothing can stand in it twice. Who wrote it is not trusted; all that counts in it is signed, or named by a digest that is.
 */
import { z } from "zod";
import { digestSchema } from "../names.ts";
import { overlayNameSchema } from "../overlay/name.ts";
import { maxBlobBytes, maxReleaseBytes } from "../release-bounds.ts";
import { maxMetadataBytes } from "../tuf-metadata.ts";

export const exportFormat = 1;
export const exportHeaderName = "export.json";

/** What a device is asked to run, as in a `deploy` command, and what people are told. */
export const exportHeaderSchema = z.object({
  format: z.literal(exportFormat),
  /** Becomes part of a file's name. */
  target: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "cannot name a release"),
  releaseDigest: digestSchema,
  /** Of an encrypted release, what stands among the targets in its place; absent: the release does. */
  envelope: digestSchema.optional(),
  overlay: overlayNameSchema.optional(),
  /** Of release and overlay together, as the device will report it. */
  effectiveDigest: digestSchema.optional(),
  /** When the first of the signatures in it ends: no device takes the file from then on. */
  expires: z.iso.datetime(),
});
export type ExportHeader = z.infer<typeof exportHeaderSchema>;

const headerBytes = 4096;

export type ExportPart = {
  readonly kind: "header" | "metadata" | "document" | "blob";
  /** The name in its folder: a metadata file's, or a digest. */
  readonly name: string;
  readonly maxBytes: number;
  /** Entries come by rising rank, and within one by rising order. */
  readonly rank: number;
  readonly order: string;
};

const metadataKinds: readonly (readonly [RegExp, number])[] = [
  [/^([1-9]\d{0,8})\.root\.json$/, maxMetadataBytes.root],
  [/^([1-9]\d{0,8})\.targets\.json$/, maxMetadataBytes.targets],
  [/^([1-9]\d{0,8})\.overlays-[a-z][a-z0-9-]{0,31}\.json$/, maxMetadataBytes.targets],
  [/^([1-9]\d{0,8})\.snapshot\.json$/, maxMetadataBytes.snapshot],
  [/^timestamp\.json$/, maxMetadataBytes.timestamp],
];

/** What the entry at `path` is; undefined for a name that no such file has. */
export function partAt(path: string): ExportPart | undefined {
  if (path === exportHeaderName) return { kind: "header", name: path, maxBytes: headerBytes, rank: 0, order: "" };
  const [folder, name = "", ...more] = path.split("/");
  if (more.length > 0) return undefined;
  if (folder === "metadata") return metadataAt(name);
  if (!/^[0-9a-f]{64}$/.test(name)) return undefined;
  if (folder === "documents") return { kind: "document", name, maxBytes: maxReleaseBytes, rank: 90, order: name };
  return folder === "blobs" ? { kind: "blob", name, maxBytes: maxBlobBytes, rank: 91, order: name } : undefined;
}

function metadataAt(name: string): ExportPart | undefined {
  for (const [index, [pattern, maxBytes]] of metadataKinds.entries()) {
    const found = pattern.exec(name);
    if (found) return { kind: "metadata", name, maxBytes, rank: index + 1, order: (found[1] ?? "").padStart(9, "0") };
  }
  return undefined;
}

/** The path of a part in the archive. */
export const exportPaths = {
  metadata: (name: string) => `metadata/${name}`,
  document: (digest: string) => `documents/${digest}`,
  blob: (digest: string) => `blobs/${digest}`,
} as const;

/** Below 0 where `one` stands before `other`. */
export function comparePosition(one: ExportPart, other: ExportPart): number {
  if (one.rank !== other.rank) return one.rank - other.rank;
  return one.order < other.order ? -1 : one.order > other.order ? 1 : 0;
}
