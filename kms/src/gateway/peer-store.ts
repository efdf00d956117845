/**
 * The peers on disk. They are a copy of what the KMS knows and sends again; here they are for the time in which it
 * cannot, so that a restarted gateway lets known devices in.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import { maxPeers, type Peer, peerSchema } from "./messages.ts";

const recordSchema = z.strictObject({ format: z.literal(1), peers: z.array(peerSchema).max(maxPeers) });

/** None where there is no file yet. Throws STATE_DAMAGED for a file that this module did not write. */
export async function readPeers(file: string): Promise<Peer[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new BulkheadError("FILE_UNREADABLE", `the peers in ${file} cannot be read`, { cause });
  }
  try {
    return recordSchema.parse(JSON.parse(text)).peers;
  } catch (cause) {
    throw new BulkheadError("STATE_DAMAGED", `${file} does not hold peers`, {
      remedy: "Nothing to do: the KMS sends them again.",
      cause,
    });
  }
}

/** Whole or not at all: written beside, synced, renamed, and the directory synced (rename(2) alone is not durable). */
export async function writePeers(file: string, peers: readonly Peer[]): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await writeSynced(temporary, `${JSON.stringify({ format: 1, peers })}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
