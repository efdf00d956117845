/** The system of this folder on a device of its own: its components as they are built, `verify`, and a stand-in that hears of crashes. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanUp, nextName, startIn } from "../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecDevice, type SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { fakes } from "../../runtime/src/root-server/testing/fake-components.ts";
import { buildRelease } from "../../studio/src/build/index.ts";
import { installWorkerHost, withoutCore } from "../polyglot/device.ts";

export async function bootGroup(): Promise<{ device: SpecDevice; world: SpecWorld }> {
  const manifest = join(import.meta.dirname, "system/manifest.yaml");
  const device = await flashDevice(nextName(), async (into, platformDir) => {
    const serial = join(platformDir, "core/serial-server");
    await mkdir(serial, { recursive: true });
    await writeFile(join(serial, "main.js"), fakes.serialServer);
    await writeFile(join(serial, "package.json"), '{"type":"module"}\n');
    await installWorkerHost(platformDir);
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    return withoutCore(release, ["serial-server"]);
  });
  cleanUp.push(() => device.remove());
  await device.installVerify();
  return { device, world: startIn(device) };
}
