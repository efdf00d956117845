/** Which security primitives the kernel shows: what a release requires has to be there, whatever a board file says. */
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Primitive } from "@bulkhead/protocol";

// Drivers that serve a device have a link to it beside these.
const ownEntries = ["bind", "unbind", "uevent", "module"];

const looks: Readonly<Record<Primitive, (root: string) => Promise<boolean>>> = {
  tpm: (root) => isThere(join(root, "dev/tpmrm0")),
  "op-tee": (root) => isThere(join(root, "dev/tee0")),
  watchdog: async (root) => (await entries(join(root, "sys/class/watchdog"))).length > 0,
  "hardware-rng": async (root) => {
    const current = await readFile(join(root, "sys/class/misc/hw_random/rng_current"), "utf8").catch(() => "none");
    return !["none", ""].includes(current.trim());
  },
  caam: async (root) =>
    (await entries(join(root, "sys/bus/platform/drivers/caam_jr"))).some((name) => !ownEntries.includes(name)),
  // Fuses and signatures lie before the kernel, which does not know of them: here the board file is believed.
  "secure-boot": async () => true,
};

/** Those of `required` that are not there. `root`: where /dev and /sys are. */
export async function lackingPrimitives(required: readonly Primitive[], root: string = "/"): Promise<Primitive[]> {
  const found = await Promise.all(required.map(async (name) => ((await looks[name](root)) ? [] : [name])));
  return found.flat();
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function entries(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}
