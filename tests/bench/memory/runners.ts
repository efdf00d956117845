/** One component per runner: the stations of manifests/polyglot, between which a token goes round twice a second. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cleanUp, nextName, startIn } from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { bunVersion } from "../../../scripts/setup/bun.mjs";
import { buildRelease, installRuntimes } from "../../../studio/src/build/index.ts";
import { virtualMachine } from "../../../studio/src/build/vm/place.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { installWorkerHost, withCore } from "../../polyglot/device.ts";
import { withoutStations } from "../../polyglot/without-stations.ts";
import { type Use, usesOf } from "./groups.ts";

const needs: Readonly<Record<string, string>> = {
  c: "/usr/bin/gcc",
  rust: "/usr/bin/rustc",
  bun: join(bulkheadDirectory, `.cache/runtimes/bun-${bunVersion}/bun`),
  erlang: "/usr/bin/erlc",
  elixir: "/usr/bin/elixirc",
};

/** The caller cleans up (`cleanUpAll`). */
export async function measureRunners(settle: () => Promise<void>): Promise<{ uses: Use[]; missing: string[] }> {
  const missing = Object.entries(needs).flatMap(([name, path]) => (existsSync(path) ? [] : name));
  if (virtualMachine() === undefined) missing.push("vm");
  const manifest = await withoutStations(join(bulkheadDirectory, "manifests/polyglot/manifest.yaml"), missing);
  const device = await flashDevice(nextName(), async (into, platformDir) => {
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    await installRuntimes(release.system, platformDir);
    await installWorkerHost(platformDir);
    return withCore(release, platformDir, []);
  });
  cleanUp.push(() => device.remove());
  const world = startIn(device);
  await world.line(/all components are ready/, 0, 60_000);
  await settle();
  const stations = new Set(["last", ...Object.keys(needs)]);
  return { uses: (await usesOf(device.instance)).filter(({ name }) => stations.has(name)), missing };
}
