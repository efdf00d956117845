/** koffi as npm installs it for this machine: what the build puts beside a driver's bundle. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadIoctl, type PreparedIoctl } from "../system-calls.ts";

export function installedIoctl(): PreparedIoctl {
  const found = createRequire(import.meta.url).resolve(`@koromix/koffi-linux-${process.arch}/package.json`);
  return loadIoctl(
    join(dirname(found), process.arch === "arm" ? "linux_armhf" : `linux_${process.arch}`, "koffi.node"),
  );
}
