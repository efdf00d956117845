/** What a kill leaves, how a system is ended, and that what dies in it by itself comes back. Other ends: `npm run prove -- ending`. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { kill } from "node:process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import {
  cgroupsOf,
  endHard,
  forgetSystem,
  type Launched,
  launchProcess,
  pathsOf,
  untilNothingRemains,
} from "./launched.ts";
import { isAlive } from "./processes.ts";

const name = "killtest";
const paths = pathsOf(name);
const record = join(paths.stateDir, "instance.json");
const provisioningFile = join(paths.devicesDir, "greenhouse-1/provisioning.json");
/** The bound for Studio Server and database from the second start on. */
const secondStartMs = 5_000;

let system: Launched;

async function untilConnected(client: StudioClient): Promise<void> {
  await eventually("the device to be connected, all of it ready", 60_000, () =>
    isConnected(client).catch(() => undefined),
  );
}

/** A component of the example crashes on purpose now and then, so that this may be true only a moment later. */
async function isConnected(client: StudioClient): Promise<true | undefined> {
  const [device] = await client.devices();
  if (!device) return undefined;
  const { connected, components } = await client.device(device.id);
  return (connected && components !== null && components.ready === components.total) || undefined;
}

beforeAll(() => forgetSystem(name));
afterAll(() => forgetSystem(name));

describe("[S5] killed and started again", () => {
  let client: StudioClient;
  afterAll(() => endHard(system));

  it("leaves no process, namespace or mount after kill -9, only control groups and the record", async () => {
    system = launchProcess(name);
    await system.up();
    const footprint = await system.footprint();
    expect(footprint.pids.length).toBeGreaterThan(20);
    expect(footprint.namespaces.size).toBeGreaterThan(20);
    kill(system.pid, "SIGKILL");
    expect(await system.ended).toBe("SIGKILL");
    await untilNothingRemains(footprint, name);
    expect(existsSync(record)).toBe(true);
  });

  it("says at the next start what it cleaned up, and runs the same device with the same service", async () => {
    const told = await readFile(provisioningFile, "utf8");
    system = launchProcess(name);
    client = await system.up();
    expect(system.said()).toMatch(/cleaned up: the record of a run that was killed/);
    const devices = await client.devices();
    // The provisioning names the service's keys and address: what was told at enrolment still holds.
    expect([devices.map(({ id }) => id), await readFile(provisioningFile, "utf8")]).toEqual([
      [JSON.parse(told).deviceId],
      told,
    ]);
    await untilConnected(client);
  });

  it("has Studio Server and database ready within 5 s from the second start on", () => {
    const took = (step: string) => Number(new RegExp(`${step} \\(([\\d.]+) s\\)`).exec(system.said())?.[1]) * 1000;
    expect(took("starting PostgreSQL") + took("starting the management service")).toBeLessThanOrEqual(secondStartMs);
  });

  it("refuses a second start of the same name and leaves the first alone", async () => {
    const second = launchProcess(name);
    expect([await second.ended, second.said()]).toEqual([
      1,
      expect.stringMatching(/^ALREADY_RUNNING: .*\n {2}→ .*--name/m),
    ]);
    await untilConnected(client);
  });

  it("starts PostgreSQL again when it is killed, and the service finds it", async () => {
    const postmaster = async () =>
      Number(
        (await readFile(join(paths.stateDir, "postgres/data/postmaster.pid"), "utf8").catch(() => "")).split("\n")[0],
      );
    const before = await postmaster();
    kill(before, "SIGKILL");
    await system.says(/PostgreSQL has ended by itself.*\n(.*\n)*.*PostgreSQL runs again/);
    expect([await postmaster(), isAlive(before)]).toEqual([expect.not.toSatisfy((pid) => pid === before), false]);
    await untilConnected(client);
  });

  it("starts the management service again on the same port when it is killed", async () => {
    kill(await system.processOf(/bwrap .*kms\/src\/main\.ts/), "SIGKILL");
    await system.says(/the management service has ended by itself.*\n(.*\n)*.*the management service runs again/);
    await untilConnected(client);
  });

  it("starts the gateway again when it is killed, and the tunnel comes back", async () => {
    const gateway = /gateway\/main\.ts/;
    const before = await system.processOf(gateway);
    kill(before, "SIGKILL");
    await system.says(/gateway has ended by itself \(SIGKILL\) and is started again/);
    expect(await system.processOf(gateway)).not.toBe(before);
    const [device] = await client.devices();
    const { id } = await client.command(device?.id ?? "", {
      command: { kind: "restart-component", component: "climate" },
    });
    await eventually("the device to answer through the tunnel", 60_000, async () => {
      const command = (await client.commands(device?.id ?? "")).find((one) => one.id === id);
      return command?.state === "done" || undefined;
    });
  });

  it("starts the device again when it is killed", async () => {
    const rootServer = /^[^ ]*node[^ ]* [^ ]*root-server\.js/;
    const before = await system.processOf(rootServer);
    kill(before, "SIGKILL");
    await system.says(/device-1 has ended by itself/);
    await eventually(
      "another root server",
      10_000,
      async () => (await system.processOf(rootServer)) !== before || undefined,
    );
    await untilConnected(client);
  });

  it("takes all of it down at Ctrl-C, control groups included, and exits 0", async () => {
    const footprint = await system.footprint();
    expect((await cgroupsOf(name)).length).toBeGreaterThan(0);
    system.signal("SIGINT");
    expect([await system.ended, system.said()]).toEqual([0, expect.stringMatching(/✓ taking it down/)]);
    await untilNothingRemains(footprint, name);
    expect([await cgroupsOf(name), existsSync(record)]).toEqual([[], false]);
  });
});

describe("[S7] refused with a reason", () => {
  afterEach(() => endHard(system));

  it("a port that another program has", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const port = String((server.address() as { port: number }).port);
    system = launchProcess(name, ["--port", port]);
    expect([await system.ended, system.said()]).toEqual([
      1,
      expect.stringMatching(/^PORT_TAKEN: .*--port.*\n {2}→ .*--port 0/m),
    ]);
    server.close();
  });

  it("a state directory of another format, which it leaves as it is", async () => {
    await mkdir(paths.stateDir, { recursive: true });
    await writeFile(join(paths.stateDir, "state.json"), '{"format":0}');
    system = launchProcess(name);
    expect([await system.ended, system.said()]).toEqual([
      1,
      expect.stringMatching(/^STATE_FORMAT: .*format 0.*\n {2}→ /m),
    ]);
    expect(await readFile(join(paths.stateDir, "state.json"), "utf8")).toBe('{"format":0}');
    await forgetSystem(name);
  });

  it("a file in the place of the state directory", async () => {
    await forgetSystem(name);
    await writeFile(paths.stateDir, "");
    system = launchProcess(name);
    expect([await system.ended, system.said()]).toEqual([1, expect.stringMatching(/^STATE_UNWRITABLE: .*\n {2}→ /m)]);
    await forgetSystem(name);
  });

  it.each([
    ["a disk without room", "size=64m", "STORAGE_FULL"],
    ["a disk that can only be read", "ro", "STATE_UNWRITABLE"],
  ])("%s", async (_, options, code) => {
    await mkdir(paths.stateDir, { recursive: true });
    const mount = `mount -t tmpfs -o ${options} tmpfs "$1" && shift && exec "$@"`;
    const before = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", mount, "sh", paths.stateDir];
    system = launchProcess(name, [], before);
    expect([await system.ended, system.said()]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^${code}: .*\\n {2}→ `, "m")),
    ]);
  });
});
