/** The target of this machine: board `virtual`, with its management service, as `bulkhead run` runs them. */
import { readFile, rm } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { launch } from "../../studio/src/run/launcher.ts";
import { showProgress } from "../../studio/src/run/progress.ts";
import { openAgent } from "./agent.ts";
import type { Target, TargetState } from "./target.ts";

/** Builds the system and starts it: the board is under power when this resolves. */
export async function openLocal(manifest: string): Promise<Target> {
  const options = { name: "hil", port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const running = await launch({ ...options, manifest }, showProgress());
  const { client, device, paths, provisioning } = running;
  const agent = openAgent(client, provisioning.deviceId);
  let state: TargetState = "agent";

  return {
    get state() {
      return state;
    },
    agent,
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
