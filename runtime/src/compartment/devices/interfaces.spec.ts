/**
 * An interface that is moved into a driver's network namespace: a real one, of a kind that every kernel has, so that its speed is what is refused.
 * Needs root. With CAN: the emulated boards (tests/prove/drivers).
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainComponent } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Device } from "../../device/index.ts";
import { createNamespaces, deleteNamespaces } from "../../network/index.ts";
import type { Roots } from "./find.ts";
import { placeInterfaces } from "./interfaces.ts";
import { makeSysfs } from "./testing/sysfs.ts";

const id = randomUUID().slice(0, 6);
const component = `spec${id}`;
const namespace = `c-${component}`;
const [kernels, other] = [`a${id}`, `b${id}`];
const at = "481cc000.can";

let directory: string;
let roots: Roots;
let told: string[];
beforeEach(async () => {
  told = [];
  directory = await mkdtemp(join(tmpdir(), "bulkhead-interfaces-"));
  await createNamespaces([namespace]);
  await execa("ip", ["link", "add", kernels, "type", "veth", "peer", "name", other]);
  roots = await makeSysfs(directory, {
    [`platform/${at}`]: { subsystem: "bus/platform" },
    [`platform/${at}/net/${kernels}`]: { subsystem: "class/net" },
  });
});
afterEach(async () => {
  await execa("ip", ["link", "delete", other], { reject: false });
  await deleteNamespaces([namespace]);
  await rm(directory, { recursive: true, force: true });
});

const interfacesIn = async (where: readonly string[]) => {
  const { stdout } = await execa("ip", [...where, "-json", "link", "show"]);
  return (JSON.parse(stdout) as { ifname: string }[]).map(({ ifname }) => ifname);
};

test("[K11] it is there under the board's name, and nowhere else; what cannot be set is told, and the driver starts", async () => {
  const device = { config: { board: "pi" }, log: { line: (line: string) => told.push(line) } } as unknown as Device;
  const driver = plainComponent({ role: "driver", interfaces: { "can-0": { at, bitrate: 500_000 } } });
  await placeInterfaces(device, component, driver, null, roots, 0);
  expect(await interfacesIn(["-netns", namespace])).toContain("can-0");
  expect(await interfacesIn([])).not.toContain(kernels);
  expect(told).toEqual([expect.stringContaining(`${component}: can-0 is not there, or cannot be set`)]);
});

test("[K11] board `virtual` has none to give, whatever a system says", async () => {
  const device = {
    config: { board: "virtual" },
    log: { line: (line: string) => told.push(line) },
  } as unknown as Device;
  const driver = plainComponent({ role: "driver", interfaces: { "can-0": { at, bitrate: 500_000 } } });
  await placeInterfaces(device, component, driver, null, roots);
  expect(await interfacesIn([])).toContain(kernels);
  expect(told).toEqual([]);
});
