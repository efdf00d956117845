/**
 * The package koffi, ready made for a board's processor: npm brings that of this machine alone, the others come by
 * `node scripts/setup/koffi.mjs`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../locations.ts";
import type { Architecture } from "./native/toolchain.ts";

const names: Readonly<Record<Architecture, { package: string; file: string }>> = {
  x64: { package: "koffi-linux-x64", file: "linux_x64/koffi.node" },
  arm64: { package: "koffi-linux-arm64", file: "linux_arm64/koffi.node" },
  armhf: { package: "koffi-linux-arm", file: "linux_armhf/koffi.node" },
};

/** Its file, below `directory`. Throws BUILD_FAILED, saying how to get it. */
export function findKoffi(architecture: Architecture, directory = bulkheadDirectory): string {
  const { package: name, file } = names[architecture];
  const places = ["node_modules/@koromix", ".cache/koffi"].map((place) => join(directory, place, name, file));
  const found = places.find(existsSync);
  if (found !== undefined) return found;
  throw new BulkheadError("BUILD_FAILED", `there is no koffi for the drivers of ${architecture} boards`, {
    remedy: `node scripts/setup/koffi.mjs ${architecture} (1 MB, by npm), in the checkout of Bulkhead`,
  });
}
