/** Which base system a slot holds: its digest, which the kernel is told, and where on the disk its bytes are, from which a release takes them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, sha256, slotBlockBytes } from "@bulkhead/protocol";
import type { ImageBase } from "../../build/base.ts";
import { partition } from "../disk/layout.ts";
import { digestOf } from "../packages/pool.ts";

/** The word for the kernel's command line, of all that the boot loader reads of a slot in `folder` but this word itself, and the root by its digest. */
export async function baseDigest(folder: string, rootWord: string): Promise<string> {
  const files: Record<string, string> = { root: rootWord };
  for (const name of (await readdir(folder)).sort()) files[name] = await digestOf(join(folder, name));
  return sha256(canonicalJson(files));
}

/** What of a slot goes into a release: of `boot` nothing behind its last file, which only fills the partition. */
export async function describeBase(
  board: string,
  digest: string,
  files: { readonly boot: string; readonly root: string },
): Promise<ImageBase> {
  const describe = async (name: "boot" | "root", length: number) => ({
    digest: await digestOfFirst(files[name], length),
    length,
    startBytes: partition(`${name}-a`).startBytes,
  });
  const rootBytes = (await stat(files.root)).size;
  const whole = Math.ceil(rootBytes / slotBlockBytes) * slotBlockBytes;
  // The disk has zeroes behind it.
  if (whole !== rootBytes) await truncate(files.root, whole);
  return {
    ...{ format: 2, board, digest },
    parts: { boot: await describe("boot", await usedBytes(files.boot)), root: await describe("root", whole) },
  };
}

/** Up to the last block that is not all zeroes. */
async function usedBytes(path: string): Promise<number> {
  const file = await open(path, "r");
  const chunk = Buffer.alloc(256 * slotBlockBytes);
  let used = 0;
  try {
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return used;
      for (let block = 0; block < bytesRead; block += slotBlockBytes) {
        if (chunk.subarray(block, Math.min(block + slotBlockBytes, bytesRead)).some((byte) => byte !== 0)) {
          used = at + block + slotBlockBytes;
        }
      }
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function digestOfFirst(path: string, length: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { end: length - 1 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
