/**
 * A base system: kernel, first archive and root of a board with slots, as a release names it. Its bytes are blobs by digest, as a release's artifacts are, and
 * come in the clear: what is in them anybody can have from Debian's archive and from Bulkhead's sources (decision 59).
 */
import { z } from "zod";
import { digestSchema } from "./names.ts";
import { maxBlobBytes } from "./release-bounds.ts";

/** What a slot consists of: a partition of each kind. */
export const slotParts = ["boot", "root"] as const;
export type SlotPart = (typeof slotParts)[number];

/** Disks are written and read past the page cache by whole blocks. */
export const slotBlockBytes = 4096;

export const slotPartSchema = z.strictObject({
  digest: digestSchema,
  /** What is written from the partition's beginning on; behind it nothing is read. */
  length: z.number().int().positive().multipleOf(slotBlockBytes).max(maxBlobBytes),
});

export const baseSystemSchema = z.strictObject({
  /** What its kernel is told of it (`bulkhead.base=`), so that a board knows which one runs: the digest of all that a slot's start reads. */
  digest: digestSchema,
  parts: z.strictObject({ boot: slotPartSchema, root: slotPartSchema }),
});
export type BaseSystem = z.infer<typeof baseSystemSchema>;

/** The bytes of `base` as blobs; none where a release has no base system. */
export function blobsOf(base: BaseSystem | undefined): { readonly digest: string; readonly length: number }[] {
  return base ? slotParts.map((part) => base.parts[part]) : [];
}

/** A slot of a board as its state shows it. */
export const baseStatusSchema = z.strictObject({
  slot: z.enum(["a", "b"]),
  /** Of the base system that runs; null where it does not say so itself. */
  digest: digestSchema.nullable(),
  /** What the other slot holds; null where that is not known, or not whole. */
  other: digestSchema.nullable(),
  /** Until the boot loader starts the slot by itself. */
  onTrial: z.boolean(),
});
export type BaseStatus = z.infer<typeof baseStatusSchema>;
