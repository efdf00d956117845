/** The native part of the serial driver in a real sandbox: as its own uid, with one node, under the filter that lets it set a terminal. */
import { once } from "node:events";
import { chown, copyFile, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openPty, type Pty } from "../../drivers/serial/testing/pty.ts";
import { type Bench, openBench } from "../../runtime/src/sandbox/testing/harness.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const uid = 10_101;
const prebuilt: Readonly<Record<string, string>> = {
  x64: "linux-x64/@serialport+bindings-cpp.glibc.node",
  arm64: "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
};
const addOn = join(
  dirname(
    createRequire(join(import.meta.dirname, "../../drivers/package.json")).resolve(
      "@serialport/bindings-cpp/package.json",
    ),
  ),
  "prebuilds",
  prebuilt[process.arch] ?? "",
);
const program = `import { createRequire } from "node:module";
import { readdirSync, writeSync } from "node:fs";
const native = createRequire(import.meta.url)("./serialport.node");
const options = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, vmin: 1, vtime: 0, lock: true, hupcl: true, rtsMode: "handshake" };
native.open("/dev/ttyS4", options, (error, fd) => {
  const answer = (speed) => writeSync(3, JSON.stringify({ error: error?.message, speed, devices: readdirSync("/dev") }));
  if (error) return answer(0);
  writeSync(fd, "from inside");
  native.getBaudRate(fd, (_, { baudRate }) => answer(baudRate));
});
setInterval(() => {}, 1000);
`;

let bench: Bench;
let pty: Pty;
beforeAll(async () => {
  bench = await openBench(uid);
  pty = await openPty();
  await chown(pty.path, uid, uid);
  const folder = join(bench.directory, "driver");
  await mkdir(folder);
  await copyFile(addOn, join(folder, "serialport.node"));
  await writeFile(join(folder, "main.mjs"), program);
});
afterAll(async () => {
  await pty.unplug();
  await bench.close();
});

async function answerUnder(profile: "serial" | "component") {
  const sandbox = await bench.start({
    profile,
    command: ["/node/bin/node", "/driver/main.mjs"],
    mounts: [
      { kind: "ro", source: join(bench.directory, "driver"), target: "/driver" },
      { kind: "dev", source: pty.path, target: "/dev/ttyS4" },
    ],
  });
  const [data] = await Promise.race([
    once(sandbox.control, "data"),
    sandbox.exited.then(async () => Promise.reject(new Error(await bench.log()))),
  ]);
  sandbox.kill();
  await sandbox.exited;
  return JSON.parse(String(data));
}

test("[K11] the add-on opens, sets and writes the one port that the sandbox shows, and sees no other device", async () => {
  const { error, speed, devices } = await answerUnder("serial");
  expect([error, speed]).toEqual([undefined, 9600]);
  expect(devices.filter((name: string) => /^tty|^pts|^mem|^vd/.test(name))).toEqual(["ttyS4"]);
  await vi.waitFor(() => expect(pty.received()).toBe("from inside"), patience);
});

test("[K7] another component could not set it, although it had the node", async () => {
  // What the driver just set stays; the speed is what tells, and it is another before.
  const before = await openPty();
  await chown(before.path, uid, uid);
  const own = pty;
  pty = before;
  const { speed } = await answerUnder("component");
  await before.unplug();
  pty = own;
  expect(speed).not.toBe(9600);
});
