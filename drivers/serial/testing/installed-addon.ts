/** The add-on as npm installs it for this machine: what the build puts beside the driver's bundle. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Addon, loadAddon } from "../addon.ts";

const prebuilds: Readonly<Record<string, readonly [folder: string, variant: string]>> = {
  x64: ["linux-x64", ""],
  arm64: ["linux-arm64", ".armv8"],
  arm: ["linux-arm", ".armv7"],
};

export function installedAddon(): Addon {
  const [folder, variant] = prebuilds[process.arch] ?? [];
  if (folder === undefined) throw new Error(`serialport comes with nothing for ${process.arch}`);
  const bindings = dirname(createRequire(import.meta.url).resolve("@serialport/bindings-cpp/package.json"));
  return loadAddon(join(bindings, "prebuilds", folder, `@serialport+bindings-cpp${variant}.glibc.node`));
}
