/** A manifest on a device: its own components as they are built, and of the core only what a root server cannot do without. */
import type { Release, System } from "@bulkhead/protocol";
import { cleanUp, nextName, startIn } from "../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { buildRelease, installRuntimes } from "../../studio/src/build/index.ts";

const keptCore = new Set(["message-server", "verifier"]);

/** Builds `manifest`, flashes a device with it and starts its root server. */
export async function bootManifest(manifest: string): Promise<SpecWorld> {
  const device = await flashDevice(nextName(), async (into, platformDir) => {
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    await installRuntimes(release.system, platformDir);
    return withoutCore(release);
  });
  cleanUp.push(() => device.remove());
  return startIn(device);
}

/** Of the core only what a root server cannot do without, and the servers that a test names. */
export function withoutCore(release: Release, also: readonly string[] = []): Release {
  const { system } = release;
  const isKept = (name: string) =>
    keptCore.has(name) || also.includes(name) || system.components[name]?.role === "application";
  const components = Object.fromEntries(Object.entries(system.components).filter(([name]) => isKept(name)));
  const kept: System = {
    ...system,
    components,
    startOrder: system.startOrder.filter(isKept),
    channels: system.channels.filter(({ client, provider }) => isKept(client) && isKept(provider)),
  };
  return { ...release, system: kept };
}
