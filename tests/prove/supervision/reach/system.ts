/** The system of this folder, run whole: management service, gateway, tunnel, device. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { releaseTargetName } from "@bulkhead/protocol";
import type { BuiltRelease } from "../../../../studio/src/build/index.ts";
import { eventually } from "../../../../studio/src/run/eventually.ts";
import { launch } from "../../../../studio/src/run/launcher.ts";
import type { Progress } from "../../../../studio/src/run/progress.ts";
import { publish } from "../../../../studio/src/run/project.ts";
import { firstLight } from "../../../first-light/first-light.ts";

const manifest = join(import.meta.dirname, "manifest.yaml");
const silent: Progress = { step: (_, work) => work(), note: () => undefined };

export type System = Awaited<ReturnType<typeof runSystem>>;

export async function runSystem(name: string) {
  const options = { name, manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const running = await launch(options, silent);
  const light = firstLight(running, manifest, running.paths.stateDir);
  const dataDir = join(running.paths.devicesDir, "greenhouse-1");

  let releaseCounter = running.release.release.releaseCounter;
  const deployOf = ({ release, releaseDigest }: BuiltRelease) =>
    ({ kind: "deploy", target: releaseTargetName(release), releaseDigest }) as const;
  /** Also where other things keep the machine busy. */
  const untilReady = () => eventually("all to be ready", 180_000, () => light.untilReady().catch(() => undefined));
  const untilCommitted = async ({ releaseDigest }: BuiltRelease): Promise<void> => {
    await eventually("the release to be committed", 180_000, async () => {
      const now = await light.status();
      return (now.release.digest === releaseDigest && now.update.state === "committed") || undefined;
    });
    await untilReady();
  };

  return {
    light,
    running,
    deployOf,
    untilReady,
    untilCommitted,
    /** The next release of the same system, signed and uploaded. */
    async publishNext(): Promise<BuiltRelease> {
      releaseCounter += 1;
      const next = await running.build(manifest, releaseCounter);
      await publish(running.client, running.project, next);
      return next;
    },
    /** The first release again, which the device must refuse. */
    deployOlder: () => light.command(deployOf(running.release)),
    /** What the verifier trusts by now: its metadata and the floor of its clock. */
    async trusted(): Promise<Record<string, string>> {
      const own = join(dataDir, "verifier");
      const names = (await readdir(own, { recursive: true })).filter((name) => name.endsWith(".json"));
      const kept = names.filter((name) => name !== "commands.json").sort();
      return Object.fromEntries(
        await Promise.all(kept.map(async (name) => [name, await readFile(join(own, name), "utf8")] as const)),
      );
    },
    /** What waits on the device's disk for the management service: lines of the console. */
    async storedBytes(): Promise<number> {
      const directory = join(dataDir, "staging/logs");
      const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    },
    tunnelTime: async () => Number(await readFile(join(dataDir, "tunnel/time"), "utf8")),
  };
}
