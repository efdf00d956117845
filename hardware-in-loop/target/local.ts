/** The target of this machine: board `virtual`, with its management service, as `bulkhead run` runs them. */
import { readFile, rm } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { releaseTargetName } from "@bulkhead/protocol";
import { launch } from "../../studio/src/run/launcher.ts";
import { showProgress } from "../../studio/src/run/progress.ts";
import { developmentOperator, publish } from "../../studio/src/run/project.ts";
import { openAgent } from "./agent.ts";
import type { Target, TargetState } from "./target.ts";

/** Builds the system and starts it: the board is under power when this resolves. `manifestOf` writes the manifest of a version. */
export async function openLocal(manifestOf: (version: string) => Promise<string>): Promise<Target> {
  const options = { name: "hil", port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const running = await launch({ ...options, manifest: await manifestOf("1.0.0") }, showProgress());
  const { client, device, paths, provisioning } = running;
  const agent = openAgent(
    client,
    async () => provisioning.deviceId,
    // Its board would take them unsigned: the suites are to run as they do on any other.
    async () => [await developmentOperator(running.project)],
  );
  let state: TargetState = "agent";
  let counter = 1;

  return {
    get state() {
      return state;
    },
    agent,
    expectRestart: agent.forget,
    async publishNext() {
      counter += 1;
      const built = await running.build(await manifestOf(`1.0.${counter - 1}`), counter);
      await publish(client, running.project, built);
      return { target: releaseTargetName(built.release), digest: built.releaseDigest };
    },
    async toAgent(boundMs) {
      if (state === "off") {
        agent.forget();
        state = "booting";
        await device.start();
      }
      const status = await agent.untilReady(boundMs);
      state = "agent";
      return status;
    },
    async cutPower() {
      await device.kill();
      state = "off";
    },
    console: () => readFile(join(paths.logDir, `${device.name}.log`), "utf8").catch(() => ""),
    versions: async () => ({
      node: process.version,
      kernel: release(),
      release: (await agent.status())?.release.digest ?? "none",
    }),
    async close() {
      await running.stop();
      await rm(paths.stateDir, { recursive: true, force: true });
    },
  };
}
