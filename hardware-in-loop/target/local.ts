/** The target of this machine: board `virtual`, with its management service, as `npm start` runs them. */
import { readFile, rm } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { BulkheadError, type DeviceStatus } from "@bulkhead/protocol";
import { bulkheadDirectory, exampleManifest } from "../../studio/src/locations.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import { launch } from "../../studio/src/run/launcher.ts";
import { showProgress } from "../../studio/src/run/progress.ts";
import type { Target, TargetState } from "./target.ts";

/** Builds the system and starts it: the board is under power when this resolves. */
export async function openLocal({ manifest }: { manifest?: string | undefined }): Promise<Target> {
  const options = { name: "hil", port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const file = manifest === undefined ? exampleManifest : join(bulkheadDirectory, manifest);
  const running = await launch({ ...options, manifest: file }, showProgress());
  const { client, device, paths, provisioning } = running;
  const { deviceId } = provisioning;
  let state: TargetState = "agent";
  let sinceMs = 0;

  const status = async (): Promise<DeviceStatus | undefined> => {
    const answer = await client.status(deviceId);
    return answer.status && (answer.receivedAtMs ?? 0) >= sinceMs ? answer.status : undefined;
  };

  return {
    get state() {
      return state;
    },
    async toAgent(boundMs) {
      if (state === "off") {
        sinceMs = Date.now();
        state = "booting";
        await device.start();
      }
      const ready = await eventually("all components to be ready", boundMs, async () => {
        const now = (await client.device(deviceId)).connected ? await status() : undefined;
        return now?.components.every((one) => one.state === "ready") ? now : undefined;
      }).catch((cause: unknown) => {
        throw new BulkheadError("TARGET_NOT_REACHED", `the board is not at its agent after ${boundMs / 1000} s`, {
          remedy: `its console: ${paths.logDir}`,
          cause,
        });
      });
      state = "agent";
      return ready;
    },
    async cutPower() {
      await device.kill();
      state = "off";
    },
    status,
    async restartComponent(component, boundMs) {
      const { id } = await client.command(deviceId, { command: { kind: "restart-component", component } });
      const done = await eventually(`an answer to the restart of ${component}`, boundMs, async () => {
        const found = (await client.commands(deviceId)).find((one) => one.id === id);
        return found && !["pending", "delivered"].includes(found.state) ? found : undefined;
      });
      if (done.state !== "done") throw new BulkheadError("DEVICE_FAILED", `${component}: restart ${done.state}`);
    },
    logLine: (component, pattern, boundMs) =>
      eventually(`${component} to write ${pattern}`, boundMs, async () => {
        const { lines } = await client.logs(deviceId, { limit: 5000, component });
        return lines.find(({ text }) => pattern.test(text))?.text;
      }),
    console: () => readFile(join(paths.logDir, `${device.name}.log`), "utf8").catch(() => ""),
    versions: async () => ({
      node: process.version,
      kernel: release(),
      release: (await status())?.release.digest ?? "none",
    }),
    async close() {
      await running.stop();
      await rm(paths.stateDir, { recursive: true, force: true });
    },
  };
}
