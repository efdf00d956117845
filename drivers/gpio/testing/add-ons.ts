/** The add-ons of the checkout's packages for this machine's processor, as a bundle has them beside it. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Addon, loadAddon } from "../../serial/addon.ts";
import { installedIoctl } from "../../testing/installed-ioctl.ts";

const require = createRequire(import.meta.url);
const folders: Readonly<Record<string, string>> = {
  x64: "linux-x64/@serialport+bindings-cpp.glibc.node",
  arm64: "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
  arm: "linux-arm/@serialport+bindings-cpp.armv7.glibc.node",
};

export function loadSerial(): Addon {
  const folder = dirname(require.resolve("@serialport/bindings-cpp/package.json"));
  return loadAddon(join(folder, "prebuilds", folders[process.arch] ?? ""));
}

export const loadKernel = () => ({ createPoller: loadSerial().createPoller, ioctl: installedIoctl() });
