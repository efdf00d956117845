/** What components take beyond processor and memory, and what they count themselves: storage, trace ring, channels. */
import { lstat, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Usage, usageSchema } from "@bulkhead/protocol";
import { counterFileName } from "@bulkhead/sdk";
import type { OwnPlaces } from "./declared.ts";

export type UsageRoots = { readonly storage: string; readonly trace: string };

/** Never throws: what cannot be read is null, or nothing. */
export function readUsage(roots: UsageRoots, places: OwnPlaces): Promise<Usage[]> {
  return Promise.all(
    Object.entries(places).map(async ([name, { quotaBytes, ringBytes }]) => ({
      name,
      storage: quotaBytes > 0 ? await readStorage(join(roots.storage, name), quotaBytes) : null,
      trace: { ringBytes, usedBytes: ringBytes > 0 ? await ringUse(join(roots.trace, name)) : 0 },
      channels: await readCounters(join(roots.trace, name)),
    })),
  );
}

async function readStorage(path: string, quotaBytes: number): Promise<Usage["storage"]> {
  const found = await statfs(path).catch(() => undefined);
  if (!found) return null;
  const sizeBytes = found.blocks * found.bsize;
  // A directory of the disk shows the whole disk: nothing holds the component to its quota then.
  if (sizeBytes > quotaBytes) return { sizeBytes: quotaBytes, usedBytes: 0, limited: false };
  return { sizeBytes, usedBytes: sizeBytes - found.bfree * found.bsize, limited: true };
}

async function ringUse(path: string): Promise<number> {
  const sizes = await Promise.all(
    ["0", "1"].map((name) =>
      lstat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

// The component wrote it: bounded by the file system that it lies in, and parsed.
async function readCounters(path: string): Promise<Usage["channels"]> {
  const file = join(path, counterFileName);
  try {
    if (!(await lstat(file)).isFile()) return [];
    return usageSchema.shape.channels.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return [];
  }
}
