/**
 * The GPIO driver server as a process of its own, to be killed: `driver-process.ts BACKEND NODE DIRECTORY`. Says `ready` when the server
 * does; a line of its input is a level that its client writes to P3.
 */
import { createInterface } from "node:readline";
import { startComponent } from "@bulkhead/sdk/testing";
import { chardevGpio } from "../chardev/index.ts";
import { gpioDriver } from "../server.ts";
import { sysfsGpio } from "../sysfs.ts";
import { loadKernel } from "./add-ons.ts";

const [backend, node = "", directory = ""] = process.argv.slice(2);
const grant = { pin: "P3", direction: "out", safe: 0 } as const;
const pins = { P3: { bank: 0, line: 3 } };
const kernel = loadKernel();
const open = () =>
  backend === "sysfs"
    ? sysfsGpio({ ...kernel, pins, directoryOf: () => directory })
    : chardevGpio({ ...kernel, pins, nodeOf: () => node });

const driver = await startComponent(gpioDriver(open), {
  uses: {},
  channels: { line: [{ component: "client", name: "line", grant }] },
});
process.stdout.write("ready\n");
const { client } = driver.connect("line", { grant });
for await (const line of createInterface({ input: process.stdin })) {
  await client.write({ level: line === "1" ? 1 : 0 });
  process.stdout.write(`wrote ${line}\n`);
}
