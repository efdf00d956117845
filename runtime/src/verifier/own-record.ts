/** Small records of the verifier's own: written as one step, refused when they are not what was written. */
import { readFile } from "node:fs/promises";
import { BulkheadError, canonicalJson, type Json, sha256 } from "@bulkhead/protocol";
import { z } from "zod";
import { replaceFile } from "../generations/durable.ts";

const envelope = z.strictObject({ format: z.literal(1), sha256: z.string(), value: z.json() });

/** Writes `value` (safe integers only) with its checksum; a cut leaves the old record or this one. */
export async function writeRecord(path: string, value: Json): Promise<void> {
  const text = canonicalJson({ format: 1, sha256: sha256(canonicalJson(value)), value });
  await replaceFile(path, text, 0o600);
}

/** The same of a record that the verifier can do without: `damaged` is told where it cannot be read. */
export async function readOrTell<T extends z.ZodType>(
  path: string,
  schema: T,
  damaged: (what: string) => void,
): Promise<z.output<T> | undefined> {
  return readRecord(path, schema).catch((error: Error) => {
    damaged(error.message);
    return undefined;
  });
}

/** The record at `path`; undefined where there is none. Throws STATE_DAMAGED. */
export async function readRecord<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T> | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const { value, sha256: checksum } = envelope.parse(JSON.parse(text));
    if (sha256(canonicalJson(value as Json)) !== checksum) throw new Error("the checksum does not fit");
    return schema.parse(value);
  } catch (cause) {
    throw new BulkheadError("STATE_DAMAGED", `the record ${path} is damaged`, { cause });
  }
}
