/** What a component is given, and what no name or image of its own makes of it. */
import { type Component, coreImages, type System } from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import { type Device, devicePaths } from "../device/index.ts";
import { boardsNetwork } from "../sandbox/index.ts";
import { buildSpec } from "./sandbox-spec.ts";

const paths = { ...devicePaths({ dataDir: "/nowhere/data", runDir: "/nowhere/run" }), shownNode: process.execPath };
const device = {
  config: { instance: "device", board: "virtual", dataDir: "/nowhere/data", uidBase: 700_000 },
  host: { cgroup: null },
  slots: null,
  paths,
} as unknown as Device;
const artifact = "a".repeat(64);
const own = (source: string, more: Partial<Component> = {}) => plainComponent({ image: { artifact, source }, ...more });

function specOf(name: string, component: Component, system: Partial<System> = {}) {
  const whole = plainSystem({ components: { [name]: component }, ...system });
  return buildSpec(
    device,
    whole,
    "d".repeat(64),
    name,
    component,
    () => 700_001,
    { mounts: [], storage: undefined },
    1,
  );
}

test.each(Object.keys(coreImages))(
  "[K14] a component that is called %s has none of its privileges for that",
  async (name) => {
    const stranger = await specOf("stranger", own("./stranger"));
    const named = await specOf(name, own("./stranger"));
    expect({ ...named, name: "stranger", cgroup: "device/stranger" }).toEqual(stranger);
    expect([named.capabilities, named.networkNamespace]).toEqual([[], null]);
  },
);

test("[K14] a part of the runtime has its privileges under its own name, and no other's under theirs", async () => {
  const clock = await specOf("clock-server", plainComponent({ role: "core", image: { core: "clock-server" } }));
  expect(clock.mounts.map(({ target }) => target)).toContain("/clock");
  const other = await specOf("another", plainComponent({ role: "core", image: { core: "clock-server" } }));
  expect(other.mounts.map(({ target }) => target)).not.toContain("/clock");
  const taken = await specOf("clock-server", plainComponent({ role: "core", image: { core: "scheduler-server" } }));
  expect(taken.mounts.map(({ target }) => target)).not.toContain("/clock");
});

test("[K14] the agent has the filter of its own, and nobody else who runs its image or takes its name", async () => {
  const agent = plainComponent({ role: "core", image: { core: "kms-agent" } });
  expect((await specOf("kms-agent", agent)).profile).toBe("agent");
  expect((await specOf("another", agent)).profile).not.toBe("agent");
  expect((await specOf("kms-agent", own("./stranger"))).profile).not.toBe("agent");
});

test("[K5] a component without `network` has an empty one, with it one of its own, and never the board's", async () => {
  expect((await specOf("one", own("./one"))).networkNamespace).toBeNull();
  const networked = await specOf("one", own("./one", { network: ["mqtt"] }));
  expect(networked.networkNamespace).toMatch(/./);
  expect(networked.networkNamespace).not.toBe(boardsNetwork);
});

test("[K7] terminals are set by the drivers of serial ports, not by who calls itself one", async () => {
  expect((await specOf("serial", own("driver:serial", { role: "driver" }))).profile).toBe("serial");
  expect((await specOf("serial", own("driver:serial"))).profile).toBe("component");
  expect((await specOf("serial", own("./serial", { role: "driver" }))).profile).toBe("component");
});

test("[K11] a driver of each class has the filter of that class, and who only names its image has not", async () => {
  const profileOf = async (name: string, role: Component["role"]) =>
    (await specOf("it", own(`driver:${name}`, { role }))).profile;
  for (const name of ["gpio", "i2c", "spi", "can", "rtc", "watchdog"])
    expect(await profileOf(name, "driver")).toBe(name);
  for (const name of ["pwm", "adc", "leds"]) expect(await profileOf(name, "driver")).toBe("attributes");
  for (const name of ["gpio", "can", "pwm"]) expect(await profileOf(name, "application")).toBe("component");
});

test("[K14] all levels are required of every component where the board's policy says so, whatever its manifest does", async () => {
  const modest = own("./one", { requires: [], storage: { quotaBytes: 1, keep: false }, cores: [1] });
  const policy = { unsignedCommands: false, requireFullLevel: true };
  expect((await specOf("one", modest)).requires).toEqual([]);
  expect((await specOf("one", modest, { policy })).requires).toEqual([
    ...["own-uid", "namespaces", "seccomp", "cgroup"],
    ...["cores", "storage-quota"],
  ]);
});

test("[K11] a driver of CAN interfaces is in a network namespace of its own, where they are put", async () => {
  const can = own("driver:can", { role: "driver", interfaces: { "can-0": { at: "481cc000.can", bitrate: 500_000 } } });
  expect((await specOf("can", can)).networkNamespace).toBe("/run/netns/c-can");
  expect((await specOf("can", own("driver:can", { role: "driver" }))).networkNamespace).toBeNull();
});
