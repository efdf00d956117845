/** koffi as npm installs it for this machine: what the build puts beside a driver's bundle. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Ioctl, loadIoctl } from "../../system-calls.ts";

export function installedIoctl(): Ioctl {
  const name = `linux-${process.arch}`;
  const found = createRequire(import.meta.url).resolve(`@koromix/koffi-${name}/package.json`);
  return loadIoctl(join(dirname(found), name.replace("-", "_"), "koffi.node"));
}
