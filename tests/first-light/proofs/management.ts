/** 6: what the KMS shows is what the device runs; and what the KMS itself takes. */
import { readFile } from "node:fs/promises";
import { canonicalJson } from "@bulkhead/protocol";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { processesBelow } from "../processes.ts";
import { fact, type Proof } from "../proof.ts";
import { resourceFacts } from "./resources.ts";

const budgetMiB = 300;

export const managementProof: Proof = {
  title: "the KMS shows connection, running manifest, component states and the live console",
  async prove(light) {
    const device = await light.client.device(light.deviceId);
    const { manifest } = await light.client.manifest(light.deviceId);
    const { components } = await light.status();
    const newest = (await light.lines()).at(-1);
    const live = await eventually("another line of the console", 15_000, async () => {
      const { lines } = await light.client.logs(light.deviceId, { after: newest?.id ?? 0 });
      return lines[0];
    });
    const names = new Set((await light.lines()).map(({ component }) => component));
    const usedMiB = await memoryOf([light.running.kms.pid(), light.running.postgres.pid(), await gatewayPid(light)]);
    return [
      fact(device.connected, `connection: ${device.connected ? "connected" : "not connected"}`),
      fact(
        manifest !== null && canonicalJson(manifest) === canonicalJson(light.running.release.release.system),
        "the manifest shown is, byte for byte, the one that was signed",
      ),
      fact(
        components.length > 8 && components.every(({ incarnation }) => incarnation > 0),
        `states of ${components.length} components`,
      ),
      fact(names.size > 3, `console of ${names.size} components, live: "${live.component}: ${live.text.slice(0, 60)}"`),
      ...(await resourceFacts(light)),
      fact(
        usedMiB <= budgetMiB,
        `management service, gateway and database use ${usedMiB.toFixed(0)} MiB (at most ${budgetMiB})`,
      ),
    ];
  },
};

async function gatewayPid(light: FirstLight): Promise<number> {
  for (const { pid } of await processesBelow(light.world.pid)) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (commandLine.includes("kms/src/gateway/main.ts")) return pid;
  }
  throw new Error("the gateway's process was not found");
}

/** Proportional set size of whole process trees: shared pages counted once (proc(5), smaps_rollup). */
async function memoryOf(roots: readonly number[]): Promise<number> {
  const pids = new Set<number>(roots);
  for (const root of roots) for (const { pid } of await processesBelow(root)) pids.add(pid);
  const sizes = [...pids].map(async (pid) => {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1024;
}
