/**
 * Where the tunnel stood last, on the device's disk: a device whose resolvers are gone still connects. It is written after a
 * handshake alone, so no resolver can put anything there. The network server's own file; nobody else believes it.
 */
import { readFile } from "node:fs/promises";
import { addressSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { replaceFile } from "../../generations/durable.ts";

const fileName = "gateway.json";
const keptSchema = z.strictObject({ name: z.string(), address: addressSchema });

/** Null where there is none of this name, or what is there is damaged. */
export async function readKept(directory: string, name: string): Promise<string | null> {
  const text = await readFile(`${directory}/${fileName}`, "utf8").catch(() => "");
  try {
    const kept = keptSchema.parse(JSON.parse(text));
    return kept.name === name ? kept.address : null;
  } catch {
    return null;
  }
}

/** A disk that takes nothing costs only what it is for. */
export async function writeKept(directory: string, name: string, address: string): Promise<void> {
  const text = `${JSON.stringify({ name, address })}\n`;
  await replaceFile(`${directory}/${fileName}`, text, 0o600).catch(() => undefined);
}
