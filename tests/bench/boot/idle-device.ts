/** The ten idle components on a device of their own, with a root server as it is installed: one bundle. */
import { join } from "node:path";
import { nextName } from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { bundle } from "../../../studio/src/build/bundle.ts";
import { buildRelease } from "../../../studio/src/build/index.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { withCore } from "../../polyglot/device.ts";

export const idleNames = Array.from({ length: 10 }, (_, index) => `idle-${index}`);
export const rootServerOf = (device: SpecDevice): string => join(device.platformDir, "root-server.js");

/** Beside the ten it has two stand-ins of a few lines for message server and verifier, without which no root server starts. */
export function flashIdle(): Promise<SpecDevice> {
  const manifest = join(import.meta.dirname, "system/manifest.yaml");
  return flashDevice(nextName(), async (into, platformDir) => {
    const main = join(bulkheadDirectory, "runtime/src/root-server/main.ts");
    await bundle("program", main, join(platformDir, "root-server.js"));
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    return withCore(release, platformDir, []);
  });
}
