/** The serial driver on the kernel's real tty layer. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SerialSettings } from "@bulkhead/sdk";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { conformance } from "./conformance.ts";
import { linuxSerial } from "./linux.ts";
import { serialDriver } from "./server.ts";
import { installedAddon } from "./testing/installed-addon.ts";
import { observeTty } from "./testing/observe.ts";
import { openPty, type Pty } from "./testing/pty.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };
const addon = installedAddon();
const settings = (speed = 115_200): SerialSettings => {
  return { speed, dataBits: 8, parity: "none", stopBits: 1, flow: "none" };
};

let directory: string;
let pty: Pty;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-tty-"));
  pty = await openPty();
  await symlink(pty.path, join(directory, "ttyS4"));
});
afterEach(async () => {
  await pty.unplug();
  await rm(directory, { recursive: true, force: true });
});

const start = () =>
  startComponent(
    serialDriver(() => linuxSerial(addon, directory)),
    { uses: {} },
  );
const grant = { port: "ttyS4", speed: 115_200 };
const text = (data: Uint8Array) => Buffer.from(data).toString("latin1");
const bytes = (value: string) => Uint8Array.from(Buffer.from(value, "latin1"));

conformance("a pseudo terminal", async () => {
  const place = await mkdtemp(join(tmpdir(), "bulkhead-tty-"));
  const node = join(place, "ttyS4");
  let cable: Pty;
  async function plug(): Promise<void> {
    cable = await openPty("loop");
    await rm(node, { force: true });
    await symlink(cable.path, node);
  }
  await plug();
  return {
    create: () => linuxSerial(addon, place),
    ...{ port: "ttyS4", absent: "ttyUSB0" },
    observe: () => observeTty(node, ["speed", "stopBits"]),
    hold() {
      cable.pause();
      return { release: () => cable.resume() };
    },
    async unplug() {
      await cable.unplug();
      return plug;
    },
    async close() {
      await cable.unplug();
      await rm(place, { recursive: true, force: true });
    },
  };
});

describe("[K11] the serial driver on a tty", () => {
  test("sets the line as asked, sends and receives every byte as it is, and says when the last has left", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open({ speed: 9600, dataBits: 7, parity: "even", stopBits: 2, flow: "rts-cts" });
    const { stdout } = await promisify(execFile)("stty", ["-a", "-F", pty.path]);
    expect(stdout).toMatch(/speed 9600 baud/);
    // A pseudo terminal has always eight bits and no parity (drivers/tty/pty.c, pty_set_termios).
    for (const flag of ["cstopb", "crtscts", "-echo", "-icanon", "-isig", "-opost"])
      expect(stdout).toMatch(new RegExp(`(^|\\s)${flag}[\\s;]`, "m"));
    await client.open(settings());
    const every = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
    await client.write({ data: bytes(every) });
    await client.drain();
    await vi.waitFor(() => expect(pty.received()).toBe(every), patience);
    const input = client.input();
    let got = "";
    pty.send(every);
    while (got.length < 256) got += text((await input.next()).value?.data ?? new Uint8Array());
    expect(got).toBe(every);
    await driver.stop();
  });

  test("[K9] refuses a speed above the grant's, and what is no speed of the port", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant: { port: "ttyS4", speed: 9600 } });
    await expect(client.open({ speed: 19_200 })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    const deaf = linuxSerial({ ...addon, speedOf: async () => 9600 }, directory);
    await expect(deaf.open("ttyS4", settings())).rejects.toMatchObject({ code: "DEVICE_FAILED" });
    // And it is closed again: nobody finds it busy.
    await client.open({ speed: 9600 });
    await driver.stop();
  });

  test("does not read a port that hung up in a circle, and has the one that comes in its place", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open(settings());
    const reading = client.input().next();
    const read = expect(reading).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
    await pty.unplug();
    await read;
    const before = process.cpuUsage();
    await expect(client.open(settings())).rejects.toMatchObject({ code: "SERIAL_PORT_ABSENT" });
    pty = await openPty();
    await rm(join(directory, "ttyS4"));
    await symlink(pty.path, join(directory, "ttyS4"));
    await client.open(settings());
    await client.write({ data: bytes("again") });
    await vi.waitFor(() => expect(pty.received()).toBe("again"), patience);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
    await driver.stop();
  });

  test("gives the port back when its client goes, with bytes that nobody takes still in it", async () => {
    const driver = await start();
    const first = driver.connect("port", { grant });
    await first.client.open(settings());
    pty.pause();
    for (let i = 0; i < 64; i += 1) first.client.write({ data: new Uint8Array(1024) }).catch(() => {});
    const input = first.client.input();
    input.next().catch(() => {});
    first.leave();
    const second = driver.connect("port", { grant });
    await vi.waitFor(() => second.client.open(settings()), patience);
    pty.resume();
    await second.client.write({ data: bytes("mine") });
    await vi.waitFor(() => expect(pty.received()).toMatch(/mine$/), patience);
    await driver.stop();
  });
});
