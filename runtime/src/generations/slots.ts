/**
 * Where the record lives: two slots that are written in turn, each with a sequence number and a checksum. A cut during a
 * write, or a damaged block, costs at most the newest record; the one before it is in the other slot.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, canonicalJson, sha256 } from "@bulkhead/protocol";
import { z } from "zod";
import { replaceFile, syncDirectory } from "./durable.ts";
import { type GenerationRecord, recordSchema } from "./record.ts";

const slotNames = ["a", "b"] as const;
type SlotName = (typeof slotNames)[number];

const slotSchema = z.strictObject({ sequence: z.number().int().positive(), sha256: z.string(), record: z.string() });
type Slot = { readonly name: SlotName; readonly sequence: number; readonly record: GenerationRecord };

/**
 * The newest good record of a device, or null where none was ever written; no power cut takes it back. Throws STATE_DAMAGED
 * where both are bad.
 */
export async function readRecord(dataDir: string): Promise<GenerationRecord | null> {
  const newest = await newestSlot(dataDir);
  // Whoever wrote it may have been killed before the slot's name was safe. A disk that takes nothing must not stop what runs.
  if (newest) await syncDirectory(join(dataDir, "state")).catch(() => undefined);
  return newest?.record ?? null;
}

/** Writes `record` over the older slot. It is on the disk when this returns. */
export async function writeRecord(dataDir: string, record: GenerationRecord): Promise<void> {
  const newest = await newestSlot(dataDir);
  const text = canonicalJson(recordSchema.parse(record));
  const sequence = (newest?.sequence ?? 0) + 1;
  const path = slotPath(dataDir, newest?.name === "a" ? "b" : "a");
  if (!newest) await makeStateDirectory(dataDir);
  await replaceFile(path, canonicalJson({ sequence, sha256: checksum(sequence, text), record: text }), 0o600);
}

async function makeStateDirectory(dataDir: string): Promise<void> {
  await mkdir(join(dataDir, "state"), { recursive: true, mode: 0o700 });
  await syncDirectory(dataDir);
}

async function newestSlot(dataDir: string): Promise<Slot | null> {
  const texts = await Promise.all(slotNames.map((name) => readSlot(dataDir, name)));
  const slots = texts.flatMap((text, index) => parseSlot(slotNames[index], text) ?? []);
  const [first, ...others] = slots.sort((one, other) => other.sequence - one.sequence);
  if (first || others.length > 0 || texts.every((text) => text === null)) return first ?? null;
  throw new BulkheadError("STATE_DAMAGED", `both slots of the record in ${join(dataDir, "state")} are damaged`, {
    remedy: "flash the device again; what its components stored and its keys stay",
  });
}

async function readSlot(dataDir: string, name: SlotName): Promise<string | null> {
  return readFile(slotPath(dataDir, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new BulkheadError("FILE_UNREADABLE", `${slotPath(dataDir, name)} cannot be read`, { cause: error });
  });
}

function parseSlot(name: SlotName | undefined, text: string | null): Slot | undefined {
  try {
    const { sequence, sha256: expected, record } = slotSchema.parse(JSON.parse(text ?? ""));
    if (!name || checksum(sequence, record) !== expected) return undefined;
    return { name, sequence, record: recordSchema.parse(JSON.parse(record)) };
  } catch {
    return undefined;
  }
}

// The sequence is under the checksum too: it decides which slot wins.
function checksum(sequence: number, record: string): string {
  return sha256(`${sequence}\n${record}`);
}

function slotPath(dataDir: string, name: SlotName): string {
  return join(dataDir, "state", name);
}
