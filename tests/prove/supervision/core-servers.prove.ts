/** SIGKILL of each core server of a whole system in turn: it comes back with its state, and nobody else is taken down. */
import { readdir, readFile } from "node:fs/promises";
import { kill } from "node:process";
import type { ComponentStatus, DeviceStatus } from "@bulkhead/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StudioClient } from "../../../studio/src/api/client.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { forgetSystem, type Launched, launchProcess } from "../../first-light/launched.ts";
import { isAlive } from "../../first-light/processes.ts";

const name = "prove-cores";
/** The example's own: it crashes on purpose now and then, and takes its strong dependents with it. */
const restless = ["moisture", "irrigation"];

let system: Launched;
let client: StudioClient;
let id: string;

beforeAll(async () => {
  await forgetSystem(name);
  system = launchProcess(name);
  await system.says(/Ctrl-C ends it/, 300_000);
  client = await system.up();
  id = (await client.devices())[0]?.id ?? "";
});
afterAll(async () => {
  if (isAlive(system.pid)) system.signal("SIGINT");
  await system.ended;
  await forgetSystem(name);
});

/** The first state that fits, as the management service has it: it came through agent and tunnel. */
async function state(what: string, fits: (status: DeviceStatus) => boolean): Promise<DeviceStatus> {
  return eventually(what, 120_000, async () => {
    const { status } = await client.status(id).catch(() => ({ status: null }));
    return status && fits(status) ? status : undefined;
  });
}

const of = (status: DeviceStatus, component: string): ComponentStatus | undefined =>
  status.components.find((one) => one.name === component);
const isUp = ({ components }: DeviceStatus) =>
  components.every(({ name: component, state: now }) => now === "ready" || restless.includes(component));

/** The pid as this host has it: the control group and the device's own count name one process. */
async function hostPid(component: string, pid: number): Promise<number> {
  for (const entry of (await readdir("/proc")).filter((text) => /^\d+$/.test(text))) {
    const groups = await readFile(`/proc/${entry}/cgroup`, "utf8").catch(() => "");
    if (!new RegExp(`/bulkhead/[^/]*${name}[^/]*/${component}$`, "m").test(groups)) continue;
    const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    if (/^NSpid:\t(.*)$/m.exec(status)?.[1]?.split("\t").includes(String(pid))) return Number(entry);
  }
  throw new Error(`no process of ${component} has the pid ${pid}`);
}

test.each([
  "serial-server",
  "message-server",
  "clock-server",
  "scheduler-server",
  "key-store",
  "verifier",
  "network",
  "kms-agent",
])(
  "[K2] %s is killed: it is back, its channels are up, and only who depends on it strongly was restarted",
  async (server) => {
    const before = await state("all to be ready", isUp);
    const { pid, incarnation = 0 } = of(before, server) ?? {};
    kill(await hostPid(server, pid ?? 0), "SIGKILL");
    const isBack = (now: DeviceStatus) => isUp(now) && (of(now, server)?.incarnation ?? 0) > incarnation;
    const after = await state(`${server} to be back`, isBack);
    expect(of(after, server)?.lastReason?.text).toMatch(/was killed by SIGKILL|on which it depends/);
    const { manifest } = await client.manifest(id);
    const strong = (manifest?.channels ?? []).filter(({ dependency }) => dependency === "strong");
    const touched = new Set([server, ...restless]);
    for (const one of manifest?.startOrder ?? []) {
      if (strong.some((channel) => channel.client === one && touched.has(channel.provider))) touched.add(one);
    }
    const unmoved = after.components.filter((one) => !touched.has(one.name));
    expect(unmoved.map((one) => [one.name, one.incarnation])).toEqual(
      unmoved.map((one) => [one.name, of(before, one.name)?.incarnation]),
    );
    const down = after.channels.filter(({ client: who, provider, up }) => {
      return !up && !restless.includes(who) && !restless.includes(provider);
    });
    expect(down).toEqual([]);
    const crashes = await eventually("its crash record", 60_000, async () => {
      const found = (await client.crashes(id)).crashes?.find((crash) => crash.component === server);
      return found;
    });
    expect(crashes).toMatchObject({ incarnation, exit: { signal: "SIGKILL", outOfMemory: false } });
  },
);
