/** The state directory as such: which format it has, whether there is room, and what is wrong where it cannot be written. */
import { readFile, rename, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, isFull } from "@bulkhead/protocol";
import { z } from "zod";

/** Counted up when something that is kept changes so that this version could not read what an earlier one wrote. */
const stateFormat = 1;
const stateSchema = z.object({ format: z.number().int() });

/** A new database with its log takes 60 MB, a Node for the device 120 MB, releases and their copies the rest. */
const neededBytes = 250_000_000;

/**
 * Checks that this version can work in the directory, and marks a new one with its format. Throws STATE_FORMAT, STATE_DAMAGED,
 * STORAGE_FULL.
 */
export async function checkState(stateDir: string, options: { fresh: boolean; name: string }): Promise<void> {
  const file = join(stateDir, "state.json");
  const text = options.fresh ? null : await readFile(file, "utf8").catch(() => null);
  if (text !== null) return checkFormat(text, file, { stateDir, name: options.name });
  const { bavail, bsize } = await statfs(stateDir);
  if (bavail * bsize < neededBytes) {
    throw new BulkheadError("STORAGE_FULL", `${stateDir} has ${megabytes(bavail * bsize)} MB of room`, {
      remedy: `free ${megabytes(neededBytes)} MB`,
    });
  }
  await writeFile(`${file}.new`, JSON.stringify({ format: stateFormat }), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

type Kept = { readonly stateDir: string; readonly name: string };

function checkFormat(text: string, file: string, { stateDir, name }: Kept): void {
  const remedy = `\`bulkhead forget ${name}\` to begin anew, or choose another --name`;
  const format = readFormat(text);
  if (format === null) throw new BulkheadError("STATE_DAMAGED", `${file} is damaged`, { remedy });
  if (format === stateFormat) return;
  throw new BulkheadError("STATE_FORMAT", `${stateDir} has format ${format}; this version reads ${stateFormat}`, {
    remedy: format > stateFormat ? `update this checkout, or ${remedy}` : remedy,
  });
}

function readFormat(text: string): number | null {
  try {
    return stateSchema.parse(JSON.parse(text)).format;
  } catch {
    return null;
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}

const unwritable = ["EROFS", "EACCES", "EPERM", "ENOTDIR", "EEXIST"];

/** STORAGE_FULL or STATE_UNWRITABLE where the system refused a write below the directory; any other error as it is. */
export function asStateError(error: unknown, stateDir: string): unknown {
  if (!(error instanceof Error) || error instanceof BulkheadError) return error;
  const { code = "", path = stateDir } = error as NodeJS.ErrnoException;
  if (isFull(error)) {
    return new BulkheadError("STORAGE_FULL", `there is no room left to write ${path}`, {
      cause: error,
      remedy: `free ${megabytes(neededBytes)} MB where ${stateDir} is`,
    });
  }
  if (!unwritable.includes(code) || !stateDir.startsWith(path.slice(0, stateDir.length))) return error;
  return new BulkheadError("STATE_UNWRITABLE", `${path} cannot be written (${code})`, {
    cause: error,
    remedy: `make ${stateDir} a directory that this user may write, or remove what is in its place`,
  });
}
