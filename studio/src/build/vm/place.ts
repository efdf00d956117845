/** Where QEMU and the guests' kernel are that scripts/setup/vm.mjs fetches. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../../locations.ts";
import type { Architecture } from "../native/toolchain.ts";

const cache = join(bulkheadDirectory, ".cache/runtimes");

/** What a person does who has not got it. */
export const vmRemedy = remedyFor("");

/** The directory with `qemu/` and `kernel` for Node's `architecture`, or undefined. */
export function virtualMachine(architecture: string = process.arch): string | undefined {
  const names = existsSync(cache) ? readdirSync(cache) : [];
  const found = names.filter((name) => /^vm-[a-z]+-[a-z0-9]+$/.test(name) && name.endsWith(`-${architecture}`)).sort();
  return found.map((name) => join(cache, name)).at(-1);
}

/** The same for who cannot do without. Throws MISSING_PROGRAM. */
export function findVirtualMachine(architecture: Architecture): string {
  const found = virtualMachine(architecture);
  if (found !== undefined) return found;
  throw new BulkheadError("MISSING_PROGRAM", `there is no guest's kernel for ${architecture} on this machine`, {
    remedy: architecture === "armhf" ? "name a kernel of your own in guest.yaml" : remedyFor(` ${architecture}`),
  });
}

function remedyFor(argument: string): string {
  return `node scripts/setup/vm.mjs${argument} (some 100 MB; needs mmdebstrap), in the checkout of Bulkhead`;
}
