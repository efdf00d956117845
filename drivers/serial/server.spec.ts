/** The serial driver on the kernel's real tty layer. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { SerialSettings } from "@bulkhead/sdk";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadAddon } from "./addon.ts";
import { linuxSerial } from "./linux.ts";
import { serialDriver } from "./server.ts";
import { openPty, type Pty } from "./testing/pty.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const bindings = dirname(createRequire(import.meta.url).resolve("@serialport/bindings-cpp/package.json"));
const prebuilds: Readonly<Record<string, string>> = { x64: "linux-x64", arm64: "linux-arm64" };
const variant = process.arch === "x64" ? "" : ".armv8";
const addonFile = join(
  bindings,
  "prebuilds",
  prebuilds[process.arch] ?? "",
  `@serialport+bindings-cpp${variant}.glibc.node`,
);
const addon = loadAddon(addonFile);
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

  test("takes no more than the line does, and goes on when it does again", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open(settings());
    pty.pause();
    const total = 2048;
    let written = 0;
    const all = (async () => {
      for (let i = 0; i < total; i += 1) {
        await client.write({ data: new Uint8Array(1024).fill(65 + (i % 26)) });
        written += 1;
      }
    })();
    let before = -1;
    await vi.waitFor(
      () => {
        const stands = written > 0 && written === before;
        before = written;
        expect(stands).toBe(true);
      },
      { interval: 200, timeout: 20_000 },
    );
    expect(written).toBeLessThan(total);
    pty.resume();
    await all;
    await vi.waitFor(() => expect(pty.received().length).toBe(total * 1024), { timeout: 20_000 });
    expect(pty.received().slice(1024 * 25, 1024 * 27)).toBe("Z".repeat(1024) + "A".repeat(1024));
    await driver.stop();
  });

  test("tells a port that another has, one that is not there, and one that was unplugged; and it comes back", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    const absent = driver.connect("port", { grant: { port: "ttyUSB0", speed: 9600 } }).client;
    await expect(absent.open({ speed: 9600 })).rejects.toMatchObject({ code: "SERIAL_PORT_ABSENT" });
    await expect(client.write({ data: bytes("x") })).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
    const other = await linuxSerial(addon, directory).open("ttyS4", settings());
    await expect(client.open(settings())).rejects.toMatchObject({ code: "SERIAL_PORT_BUSY" });
    await other.close();
    await client.open(settings());
    const input = client.input();
    const reading = input.next().catch((error: unknown) => error);
    await pty.unplug();
    expect(await reading).toMatchObject({ code: "SERIAL_PORT_GONE" });
    await expect(client.write({ data: bytes("x") })).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
    await expect(client.drain()).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
    const before = process.cpuUsage();
    await expect(client.open(settings())).rejects.toMatchObject({ code: "SERIAL_PORT_ABSENT" });
    pty = await openPty();
    await rm(join(directory, "ttyS4"));
    await symlink(pty.path, join(directory, "ttyS4"));
    await client.open(settings());
    await client.write({ data: bytes("again") });
    await vi.waitFor(() => expect(pty.received()).toBe("again"), patience);
    // A port that hung up is not read in a circle.
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
