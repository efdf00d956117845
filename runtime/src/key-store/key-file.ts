/**
 * The key file on disk. It is made once and never replaced: a name is only ever linked to a complete, synced file, so a
 * power cut leaves either no keys or all of them, and two first starts at the same time agree on one set.
 */
import { constants } from "node:fs";
import { link, mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, randomToken } from "@bulkhead/protocol";
import {
  type DeviceKeys,
  damaged,
  decodeKeyRecord,
  encodeKeyRecord,
  generateKeys,
  type PublicKeys,
  publicHalves,
} from "./key-record.ts";

const fileName = "keys.json";
const temporaryPrefix = ".keys.json.";
/** A record has about 400 bytes; what is much larger was not written by this store. */
const maxRecordBytes = 4096;

/**
 * Makes the device's keys in `directory` where there are none yet, and answers their public halves. Idempotent: keys
 * that exist are kept, damaged ones are reported (KEY_STORE_DAMAGED), never replaced.
 */
export async function initialiseKeys(directory: string): Promise<PublicKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readKeys(directory)) === undefined) await writeNewKeys(directory);
  await removeTemporaries(directory);
  return publicHalves(await loadKeys(directory));
}

/** The keys of an initialised store. Throws KEY_STORE_DAMAGED where they are missing or damaged. */
export async function loadKeys(directory: string): Promise<DeviceKeys> {
  const keys = await readKeys(directory);
  if (keys === undefined)
    throw damaged(join(directory, fileName), "it does not exist; keys are made at provisioning only");
  return keys;
}

async function readKeys(directory: string): Promise<DeviceKeys | undefined> {
  const file = join(directory, fileName);
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
    if (status.size > maxRecordBytes) throw damaged(file, `it has ${status.size} bytes, far more than a key record`);
    if ((status.mode & 0o077) !== 0) throw damaged(file, "others than its owner may read or write it");
    return decodeKeyRecord(await handle.readFile("utf8"), file);
  } catch (error) {
    throw error instanceof BulkheadError ? error : damaged(file, "it cannot be read");
  } finally {
    await handle.close();
  }
}

async function writeNewKeys(directory: string): Promise<void> {
  const temporary = join(directory, `${temporaryPrefix}${randomToken(6)}`);
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(encodeKeyRecord(generateKeys()));
    await handle.sync();
  } finally {
    await handle.close();
  }
  // link, unlike rename, never replaces. EEXIST and ENOENT: another first start won and, for the latter, cleaned up.
  await link(temporary, join(directory, fileName)).catch(ignore("EEXIST", "ENOENT"));
  await syncDirectory(directory);
}

async function removeTemporaries(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.startsWith(temporaryPrefix));
  await Promise.all(names.map((name) => unlink(join(directory, name)).catch(ignore("ENOENT"))));
  if (names.length > 0) await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().finally(() => handle.close());
}

function ignore(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? "")) throw error;
  };
}
