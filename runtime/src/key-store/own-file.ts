/** The key store's files: read without trusting what lies there, written so that a power cut leaves the old or the new. */
import { constants } from "node:fs";
import { link, open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, parseJson, randomToken } from "@bulkhead/protocol";
import type { z } from "zod";
import { syncDirectory } from "../generations/durable.ts";
import { damaged } from "./key-record.ts";
import type { Sealer } from "./sealing.ts";

/** What is much larger was not written by this store. */
const maxFileBytes = 256 * 1024;

/** The text of a file of ours; undefined where there is none. Throws KEY_STORE_DAMAGED for what cannot be one of ours. */
export async function readOwnFile(directory: string, name: string): Promise<string | undefined> {
  const file = join(directory, name);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw damaged(file, `it cannot be opened (${error.code})`);
    },
  );
  if (handle === undefined) return undefined;
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw damaged(file, "it is not a file");
    if (status.size > maxFileBytes) throw damaged(file, `it has ${status.size} bytes, far more than a record`);
    if ((status.mode & 0o077) !== 0) throw damaged(file, "others than its owner may read or write it");
    return await handle.readFile("utf8");
  } catch (error) {
    throw error instanceof BulkheadError ? error : damaged(file, "it cannot be read");
  } finally {
    await handle.close();
  }
}

/**
 * What a file of ours that is sealed for `purpose` holds; undefined where there is none. `what` is said of one that holds something else. Throws
 * KEY_STORE_DAMAGED, without a cause, which would quote a secret.
 */
export async function readSealed<S extends z.ZodType>(
  directory: string,
  name: string,
  { purpose, sealer, schema, what }: { purpose: string; sealer: Sealer; schema: S; what: string },
): Promise<z.output<S> | undefined> {
  const text = await readOwnFile(directory, name);
  if (text === undefined) return undefined;
  const opened = sealer.open(purpose, text);
  if (opened === undefined)
    throw damaged(join(directory, name), "it was changed, or sealed with another device secret");
  const held = schema.safeParse(parseJson(opened));
  if (held.success) return held.data;
  throw damaged(join(directory, name), `it holds no ${what} that this version knows`);
}

/** Writes a file that is made once and never replaced: of several first writers one wins, and all find its content. */
export async function writeOnce(directory: string, name: string, text: string): Promise<void> {
  const temporary = await writeTemporary(directory, name, text);
  // link, unlike rename, never replaces. EEXIST and ENOENT: another first start won and, for the latter, cleaned up.
  await link(temporary, join(directory, name)).catch(ignore("EEXIST", "ENOENT"));
  await syncDirectory(directory);
}

/** Replaces a file as one step. */
export async function replaceOwnFile(directory: string, name: string, text: string): Promise<void> {
  await rename(await writeTemporary(directory, name, text), join(directory, name));
  await syncDirectory(directory);
}

/** Removes what writers that were cut off have left. */
export async function removeTemporaries(directory: string, name: string): Promise<void> {
  const names = (await readdir(directory)).filter((found) => found.startsWith(`.${name}.`));
  await Promise.all(names.map((found) => unlink(join(directory, found)).catch(ignore("ENOENT"))));
  if (names.length > 0) await syncDirectory(directory);
}

async function writeTemporary(directory: string, name: string, text: string): Promise<string> {
  const temporary = join(directory, `.${name}.${randomToken(6)}`);
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}

function ignore(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? "")) throw error;
  };
}
