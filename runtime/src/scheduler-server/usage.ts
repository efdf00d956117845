/** What components take beyond processor and memory, and what they count themselves: storage, trace ring, channels. */
import { lstat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Usage, usageSchema } from "@bulkhead/protocol";
import { counterFileName, readBoundedText } from "@bulkhead/sdk";
import type { OwnPlaces } from "./declared.ts";

export type UsageRoots = { readonly storage: string; readonly trace: string };

/** Never throws: what cannot be read is null, or nothing. */
export function readUsage(roots: UsageRoots, places: OwnPlaces): Promise<Usage[]> {
  return Promise.all(
    Object.entries(places).map(async ([name, { quotaBytes, ringBytes }]) => ({
      name,
      storage: quotaBytes > 0 ? await readStorage(join(roots.storage, name), quotaBytes) : null,
      trace: { ringBytes, usedBytes: ringBytes > 0 ? await ringUse(join(roots.trace, name), ringBytes) : 0 },
      channels: readCounters(join(roots.trace, name)),
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

// A file of the ring can be a hole of any size: no more is said than there can be.
async function ringUse(path: string, ringBytes: number): Promise<number> {
  const sizes = await Promise.all(
    ["0", "1"].map((name) =>
      lstat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return Math.min(
    ringBytes,
    sizes.reduce((sum, size) => sum + size, 0),
  );
}

/** Of the largest component: 256 channels in 128 bytes each, as the ring's file system has room for (trace/rings.ts). */
const maxCounterBytes = 32 * 1024;

// The component writes it, meanwhile perhaps: bounded and parsed.
function readCounters(path: string): Usage["channels"] {
  try {
    const text = readBoundedText(join(path, counterFileName), maxCounterBytes);
    return usageSchema.shape.channels.parse(JSON.parse(text ?? ""));
  } catch {
    return [];
  }
}
