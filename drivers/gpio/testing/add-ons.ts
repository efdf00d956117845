/** The add-ons of the checkout's packages for this machine's processor, as a bundle has them beside it. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadAddon } from "../../serial/addon.ts";
import { loadIoctl } from "../../system-calls.ts";

const require = createRequire(import.meta.url);
const isArm = process.arch === "arm";
const folders: Readonly<Record<string, string>> = {
  x64: "linux-x64/@serialport+bindings-cpp.glibc.node",
  arm64: "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
  arm: "linux-arm/@serialport+bindings-cpp.armv7.glibc.node",
};

const packageFolder = (name: string): string => dirname(require.resolve(`${name}/package.json`));

export const loadPoller = () =>
  loadAddon(join(packageFolder("@serialport/bindings-cpp"), "prebuilds", folders[process.arch] ?? "")).createPoller;

export const loadKernel = () => ({
  createPoller: loadPoller(),
  ioctl: loadIoctl(
    join(
      packageFolder(`@koromix/koffi-linux-${process.arch}`),
      `linux_${isArm ? "armhf" : process.arch}`,
      "koffi.node",
    ),
  ),
});
