/** A manifest on a device: its own components as they are built, and of the core only what a root server cannot do without. */
import { join } from "node:path";
import { type CoreName, coreImages, type Release, type System } from "@bulkhead/protocol";
import { cleanUp, nextName, startIn } from "../../runtime/src/root-server/testing/bench.ts";
import { flashDevice, type SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { bundle } from "../../studio/src/build/bundle.ts";
import { buildRelease, installRuntimes } from "../../studio/src/build/index.ts";
import { bulkheadDirectory, coreEntry } from "../../studio/src/locations.ts";

const keptCore = new Set(["message-server", "verifier"]);

/** Builds `manifest`, flashes a device with it and starts its root server, with the real ones of `servers`. */
export async function bootManifest(manifest: string, servers: readonly CoreName[] = []): Promise<SpecWorld> {
  const device = await flashDevice(nextName(), async (into, platformDir) => {
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    await installRuntimes(release.system, platformDir);
    if (Object.values(release.system.components).some(({ runner }) => runner === "worker"))
      await installWorkerHost(platformDir);
    return withCore(release, platformDir, servers);
  });
  cleanUp.push(() => device.remove());
  return startIn(device);
}

/** The part of the installed runtime in which the workers of a trust group are threads. */
export function installWorkerHost(platformDir: string): Promise<unknown> {
  const entry = join(bulkheadDirectory, "runtime/src/worker-host/main.ts");
  return bundle("program", entry, join(platformDir, "worker-host/main.js"));
}

/** Puts the real `servers`, and those that they use, into the platform; of the other core only what a root server needs stays. */
export async function withCore(release: Release, platformDir: string, servers: readonly CoreName[]): Promise<Release> {
  const needed = new Set<string>(servers);
  // A set that grows while it is gone through: what is added is visited, too.
  for (const server of needed) {
    for (const { client, provider } of release.system.channels) if (client === server) needed.add(provider);
    // A driver that one of them uses is the release's.
    if (!Object.hasOwn(coreImages, server)) continue;
    await bundle("component", coreEntry(server as CoreName), join(platformDir, "core", server, "main.js"));
  }
  return withoutCore(release, [...needed]);
}

/** Of the core only what a root server cannot do without, and `also`. */
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
