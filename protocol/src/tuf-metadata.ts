/**
 * What whoever carries TUF metadata reads of it: which file names which (TUF 1.0.34, section 4), and how much of each there may be. Whether
 * it is signed, and fits together, the verifier alone judges.
 */
import { z } from "zod";
import { BulkheadError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { describeMisfit } from "./misfit.ts";

/** The bounds of tuf-js 5.0.1 (packages/client/src/config.ts), so that what is carried is taken. */
export const maxMetadataBytes = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 } as const;

/** More roots than anybody rotates between two updates of one device; a device follows no more at once. */
export const maxRoots = 64;

const fileSchema = z.object({ signed: z.unknown() });

/** What `schema` says of the signed part of a metadata file. Throws RELEASE_METADATA_INVALID, saying that the file `lacks` it. */
export function readSigned<S extends z.ZodType>(content: string, name: string, schema: S, lacks: string): z.infer<S> {
  const parsed = schema.safeParse(fileSchema.safeParse(parseJson(content)).data?.signed);
  if (parsed.success) return parsed.data;
  const why = describeMisfit(parsed.error, 300);
  throw new BulkheadError("RELEASE_METADATA_INVALID", `${name} does not say ${lacks}: ${why}`, { cause: parsed.error });
}

/** The version of `file` that a timestamp or a snapshot names (section 4.4). Throws RELEASE_METADATA_INVALID. */
export function namedVersion(content: string, name: string, file: string): number {
  const version = z.object({ version: z.number().int().positive() });
  const schema = z.object({ meta: z.object({ [file]: version }) });
  return readSigned(content, name, schema, `which version of ${file} is current`).meta[file]?.version as number;
}
