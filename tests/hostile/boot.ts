/** The hostile system on a device of its own, with the server that its log passes through. */
import { randomUUID } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cleanUp, nextName, startIn, until } from "../../runtime/src/root-server/testing/bench.ts";
import { flashDevice } from "../../runtime/src/root-server/testing/device.ts";
import { buildRelease } from "../../studio/src/build/index.ts";
import { withCore } from "../polyglot/device.ts";

export type Battery = Awaited<ReturnType<typeof bootBattery>>;

export async function bootBattery() {
  const instance = nextName();
  const device = await flashDevice(instance, async (into, platformDir) => {
    const manifest = join(import.meta.dirname, "system/manifest.yaml");
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    return withCore(release, platformDir, ["message-server", "serial-server"]);
  });
  cleanUp.push(() => device.remove());
  const world = startIn(device);
  await world.line(/generation 1 .* (starts|is on trial)/);
  // We look at what happens, and must not be what happens: the device started with all cores, and keeps to its own.
  await execa("taskset", ["--all-tasks", "--cpu-list", "--pid", "0", String(process.pid)]);
  const pidOf = (name: string) => until(() => findProcess(instance, name), `a process of ${name}`);

  /** A place in a component's /tmp, as root of the host reaches it. */
  const place = async (name: string, file: string) => `/proc/${await pidOf(name)}/root/tmp/${file}`;

  const isThere = async (name: string, file: string) =>
    (await stat(await place(name, file)).catch(() => null)) !== null;
  for (const [name, file] of [
    ["caller", "calls"],
    ["raw", "ask"],
    ["bomber", "ask"],
    ["reader", "console"],
  ] as const) {
    await until(() => isThere(name, file), `${name} to start`);
  }
  // The first look of `verify`, for which this device has no program, is over: no line of it falls into what is measured.
  await world.line(/ not verified: /);

  return {
    instance,
    device,
    world,
    pidOf,
    place,
    read: async (name: string, file: string) => readFile(await place(name, file)),
    /** Has a native component do what ends it; resolves when it is back. */
    async end(name: string, ...lines: readonly string[]): Promise<void> {
      const before = await pidOf(name);
      await writeFile(await place(name, "ask"), [...lines, ".\n"].join("\n"), { flag: "r+" });
      const isBack = async () => (await pidOf(name)) !== before && (await isThere(name, "ask"));
      await until(isBack, `${name} to be back after ${lines.join(", ").slice(0, 60)}`, 30_000);
    },
    /** Has a native component do what the lines say; answers the lines that it says of it. */
    async ask(name: string, lines: readonly string[], timeoutMs = 60_000): Promise<string[]> {
      const token = `# ${randomUUID()}`;
      await writeFile(await place(name, "ask"), [token, ...lines, ".\n"].join("\n"), { flag: "r+" });
      const said = await place(name, "said");
      const look = async () => {
        const text = await readFile(said, "utf8").catch(() => "");
        return text.startsWith(`${token}\n`) && text.trimEnd().split("\n").slice(1);
      };
      return await until(look, `the answer of ${name}`, timeoutMs);
    },
  };
}

/** The program of a component: in its control group, and with `/app` in its arguments. */
export async function findProcess(instance: string, component: string): Promise<number | undefined> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const group = await readFile(`/proc/${entry}/cgroup`, "utf8").catch(() => "");
    if (!new RegExp(`/${instance}/${component}(/|$)`, "m").test(group)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (/\/app\/main(\.js)?\0/.test(command) && !/^(bwrap|nsenter|setpriv|prlimit|\/run)/.test(command))
      return Number(entry);
  }
  return undefined;
}
