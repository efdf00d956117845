/** A manifest on a device of its own, its components built as ever, with the real message server. */
import { cleanUp, nextName, startIn } from "../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecDevice, type SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { buildRelease } from "../../studio/src/build/index.ts";
import { withCore } from "../polyglot/device.ts";

/** Builds, flashes, starts; the verifier alone is a stand-in, which says to the root server what a test wants said. */
export async function bootChannels(manifest: string): Promise<{ device: SpecDevice; world: SpecWorld }> {
  const device = await flashDevice(nextName(), async (into, platformDir) => {
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    return withCore(release, platformDir, ["message-server"]);
  });
  cleanUp.push(() => device.remove());
  return { device, world: startIn(device) };
}
