/** The two books agree: what the root server gives to each core server is what `verify` lets it have, and no more. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coreImages } from "@bulkhead/protocol";
import { plainChannel, plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import { privilegeOf } from "../compartment/index.ts";
import { type Device, devicePaths } from "../device/index.ts";
import { comparePermissions, permissions } from "./permissions.ts";
import type { Asked } from "./question.ts";
import { asked } from "./testing/facts.ts";

const coreNames = Object.keys(coreImages);
const system = plainSystem({
  components: {
    ...Object.fromEntries(coreNames.map((name) => [name, plainComponent({ image: { core: name } })])),
    climate: plainComponent({ image: { artifact: "0".repeat(64), source: "climate" } }),
    "kms-agent": plainComponent({ image: { core: "kms-agent" }, network: ["kms"] }),
  },
  channels: [plainChannel({ client: "climate", name: "time", provider: "clock-server" })],
});

/** What the root server gives, as it would be asked about. */
async function given(name: string): Promise<Asked> {
  const mount = await mkdtemp(join(tmpdir(), "bulkhead-cgroups-"));
  const runDir = await mkdtemp(join(tmpdir(), "bulkhead-run-"));
  for (const place of ["storage", "trace"]) await mkdir(join(runDir, place, "climate"), { recursive: true });
  const config = { instance: "one", dataDir: "/data", runDir } as Device["config"];
  const device = {
    config,
    paths: devicePaths(config),
    host: { cgroup: { version: "v2", mount } },
    slots: null,
  } as unknown as Device;
  // Without a uid no device node is made.
  const privilege = await privilegeOf(name, device, null);
  await rm(mount, { recursive: true });
  await rm(runDir, { recursive: true });
  const networked = name === "kms-agent" ? "/run/netns/c-kms-agent" : null;
  return asked({
    name,
    mounts: [...privilege.mounts],
    capabilities: [...privilege.capabilities],
    networkNamespace: privilege.inUplink ? "/proc/self/ns/net" : networked,
  });
}

test.each(coreNames)("[K14] %s has what its row says", async (name) => {
  expect(comparePermissions(await given(name), system)).toEqual([]);
});

test.each(Object.keys(permissions))("[K14] what %s may have, nobody else may", async (name) => {
  const own = await given(name);
  expect(comparePermissions({ ...own, name: "climate", networkNamespace: null }, system)).toHaveLength(1);
  // The name alone is not it: the image must be the installed one.
  const impostor = {
    ...system,
    components: { ...system.components, [name]: plainComponent({ image: { artifact: "0".repeat(64), source: "x" } }) },
  };
  expect(comparePermissions(own, impostor)).toHaveLength(1);
});

test.each<[string, Partial<Asked>, string]>([
  ["a capability", { capabilities: ["net_admin"] }, "net_admin"],
  ["the uplink", { networkNamespace: "/proc/self/ns/net" }, "network /proc/self/ns/net"],
  ["another's network", { networkNamespace: "/run/netns/c-other" }, "network /run/netns/c-other"],
  ["a writable directory", { mounts: [{ kind: "rw", source: "/x", target: "/x" }] }, "rw /x"],
  ["a trace of others", { mounts: [{ kind: "ro", source: "/x", target: "/trace/gpio" }] }, "ro /trace/gpio"],
  ["storage without a quota", { mounts: [{ kind: "rw", source: "/x", target: "/data" }] }, "rw /data"],
  [
    "a channel of others",
    { mounts: [{ kind: "ro", source: "/x", target: "/run/ipc/uses/fan" }] },
    "ro /run/ipc/uses/fan",
  ],
  [
    "another's channel to provide",
    { mounts: [{ kind: "rw", source: "/x", target: "/run/ipc/provides/a.b" }] },
    "rw /run/ipc/provides/a.b",
  ],
  ["a device", { mounts: [{ kind: "dev", source: "/dev/kmsg", target: "/dev/kmsg" }] }, "dev /dev/kmsg"],
  ["the keys, read-only", { mounts: [{ kind: "ro", source: "/run/device/view/data/keys", target: "/k" }] }, "ro /k"],
  ["memory of its own choice", { mounts: [{ kind: "tmpfs", target: "/var", sizeBytes: 4096 }] }, "tmpfs /var"],
])("[K14] an ordinary component may not have %s", (_, more, found) => {
  expect(comparePermissions(asked(more), system)).toEqual([expect.objectContaining({ what: "permissions", found })]);
});

test("[K14] an ordinary component may have its bundle, its channels and its /tmp", () => {
  const uses = { kind: "ro", source: "/x", target: "/run/ipc/uses/time" } as const;
  const question = asked();
  expect(comparePermissions({ ...question, mounts: [...question.mounts, uses] }, system)).toEqual([]);
});

test("[K14] [K10] in a trust group a member's place has what that member may have, and not another's", () => {
  const pair = plainComponent({ trustGroup: "pair", storage: { ...plainComponent().storage, quotaBytes: 4096 } });
  const grouped = plainSystem({
    components: { climate: pair, valve: pair, other: plainComponent() },
    channels: [
      plainChannel({ client: "valve", name: "fan", provider: "other", leaseBytes: 4096 }),
      plainChannel({ client: "other", name: "air", provider: "climate", leaseBytes: 4096 }),
    ],
  });
  const found = (kind: "ro" | "rw", target: string) => {
    const question = asked({ members: ["climate", "valve"], mounts: [{ kind, source: "/x", target }] });
    return comparePermissions(question, grouped).map((difference) => difference.found);
  };
  expect(found("ro", "/members/valve/run/ipc/uses/fan")).toEqual([]);
  expect(found("ro", "/members/climate/run/ipc/uses/fan")).toEqual(["ro /members/climate/run/ipc/uses/fan"]);
  expect(found("rw", "/run/ipc/provides/other.air")).toEqual([]);
  expect(found("rw", "/run/ipc/provides/valve.fan")).toEqual(["rw /run/ipc/provides/valve.fan"]);
  expect(found("rw", "/members/valve/run/ipc/leases/fan")).toEqual([]);
  expect(found("rw", "/members/climate/run/ipc/leases/other.air")).toEqual([]);
  expect(found("rw", "/members/climate/run/ipc/leases/fan")).toEqual(["rw /members/climate/run/ipc/leases/fan"]);
  expect(found("rw", "/members/other/app")).toEqual(["rw /members/other/app"]);
  expect(found("rw", "/data")).toEqual([]);
});

test("[K14] [K10] a guest may have KVM where the system says so, and nobody else may", () => {
  const kvm = { kind: "dev", source: "/run/device/view/kvm-climate", target: "/dev/kvm" } as const;
  const foundOf = (more: Parameters<typeof plainComponent>[0]) =>
    comparePermissions(asked({ mounts: [kvm] }), plainSystem({ components: { climate: plainComponent(more) } }));
  expect(foundOf({ runner: "vm", kvm: "preferred" })).toEqual([]);
  expect(foundOf({ runner: "vm" })).toEqual([expect.objectContaining({ found: "dev /dev/kvm" })]);
  expect(foundOf({ runner: "native", kvm: "required" })).toEqual([expect.objectContaining({ found: "dev /dev/kvm" })]);
});

test("[K14] [K11] a driver has the nodes of its devices, a chip of SPI by the kernel's form of its name, and no others", () => {
  const place = { subsystem: "spidev", at: "48030000.spi", index: 0 } as const;
  const nodes = { "spi-1.0": place, "i2c-2": { subsystem: "i2c-dev", at: "4819c000.i2c" } } as const;
  const system = plainSystem({ components: { climate: plainComponent({ nodes }) } });
  const found = (target: string) =>
    comparePermissions(asked({ mounts: [{ kind: "dev", source: "/x", target }] }), system).map(
      (difference) => difference.found,
    );
  expect([found("/dev/spidev1.0"), found("/dev/i2c-2")]).toEqual([[], []]);
  expect(found("/dev/spidev1.1")).toEqual(["dev /dev/spidev1.1"]);
  expect(found("/dev/spi-1.0")).toEqual(["dev /dev/spi-1.0"]);
});

const bound = (kind: "ro" | "rw", target: string) => ({ kind, source: "/sys/devices/platform/it", target }) as const;
const attributes = {
  "gpio-0": { subsystem: "gpio", at: "44e07000.gpio", write: true, export: [28] },
  "pwm-1": { subsystem: "pwm", at: "48302200.pwm", write: true, export: [1] },
  "led-1": { subsystem: "leds", label: "status", write: true },
  adc: { subsystem: "iio", at: "44e0d000.tscadc", write: false },
} as const;
const foundOf = (...mounts: ReturnType<typeof bound>[]) => {
  const driver = plainComponent({ role: "driver", attributes: structuredClone(attributes) as never });
  return comparePermissions(asked({ mounts }), plainSystem({ components: { climate: driver } })).map(
    ({ found }) => found,
  );
};

test.each([
  ["the directory of its device", "ro", "/run/devices/adc"],
  ["a LED's brightness", "rw", "/run/devices/led-1/brightness"],
  ["the channel that is granted", "rw", "/run/devices/pwm-1/pwm1/duty_cycle"],
  ["a line, where the kernel has it", "ro", "/sys/class/gpio/gpio540"],
  ["what such a line is set by", "rw", "/sys/class/gpio/gpio540/direction"],
] as const)("[K14] [K11] a driver may have of sysfs %s", (_, kind, target) => {
  expect(foundOf(bound(kind, target))).toEqual([]);
});

test.each([
  ["another device", "ro", "/run/devices/pwm-2"],
  ["a directory to write in", "rw", "/run/devices/led-1"],
  ["an attribute that its class does not need", "rw", "/run/devices/led-1/device/uevent"],
  ["what is only to be read", "rw", "/run/devices/adc/in_voltage0_raw"],
  ["a channel that is not granted", "rw", "/run/devices/pwm-1/pwm0/enable"],
  ["what exports more", "rw", "/run/devices/pwm-1/export"],
  ["what exports more lines", "rw", "/sys/class/gpio/export"],
  ["a line to write in", "rw", "/sys/class/gpio/gpio540"],
] as const)("[K14] [K11] a driver may not have of sysfs %s", (_, kind, target) => {
  expect(foundOf(bound(kind, target))).toEqual([`${kind} ${target}`]);
});

test("[K14] [K11] a driver may have no more lines than are exported for it", () => {
  expect(foundOf(bound("ro", "/sys/class/gpio/gpio540"), bound("ro", "/sys/class/gpio/gpio541"))).toEqual([
    "ro /sys/class/gpio/gpio541",
  ]);
});
