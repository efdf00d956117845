/**
 * Who may do what: what core servers have beyond an ordinary component. The root server gives it (privileges.ts); this is
 * the other book, which `verify` holds it to, and the table of docs/architecture.md is held to this one by a test.
 */
import {
  type CoreName,
  devicesDirectory,
  leasesDirectory,
  membersDirectory,
  providesDirectory,
  type System,
  shownNode,
  usesDirectory,
} from "@bulkhead/protocol";
import { namespacePath } from "../network/namespaces.ts";
import { componentNamespace, hasOwnNetwork } from "../network/plan.ts";
import { boardsNetwork } from "../sandbox/spec.ts";
import type { Asked, Found } from "./question.ts";

type Permission = {
  readonly writes?: readonly string[];
  readonly reads?: readonly string[];
  /** Empty memory of its own. */
  readonly memory?: readonly string[];
  readonly devices?: readonly string[];
  readonly capabilities?: Asked["capabilities"];
  /** It is in the namespace that the root server was started in. */
  readonly uplink?: true;
};

export const permissions: Readonly<Partial<Record<CoreName, Permission>>> = {
  network: {
    devices: ["/dev/net/tun"],
    memory: ["/var/run/wireguard"],
    writes: ["/tunnel"],
    capabilities: ["net_admin"],
    uplink: true,
  },
  "key-store": { writes: ["/keys", "/sealing"], devices: ["/dev/tpmrm0"] },
  verifier: { reads: ["/staging"], writes: ["/endorsed", "/verifier"] },
  "kms-agent": { devices: ["/slot/boot", "/slot/root"], writes: ["/staging"], reads: ["/import"] },
  "serial-server": { writes: ["/crashes", "/console"], reads: ["/log", "/trace"] },
  "clock-server": { reads: ["/rtc/since_epoch"], writes: ["/clock"] },
  "scheduler-server": { reads: ["/cgroup", "/storage", "/trace"] },
};

/** What the device keeps and only these may see. */
export const reserved: readonly string[] = Object.values(permissions).flatMap(({ reads = [] }) => reads);

/** What stands in the second column of the table. */
export function describePermission({ writes, reads, memory, devices, capabilities, uplink }: Permission): string {
  const list = (paths: readonly string[] = []) => paths.map((path) => `\`${path}\``).join(", ");
  return [
    capabilities ? capabilities.map((name) => `CAP_${name.toUpperCase()}`).join(", ") : "",
    uplink ? "the uplink's network namespace, no user namespace of its own" : "",
    list(devices),
    writes ? `writes ${list(writes)}` : "",
    reads ? `reads ${list(reads)}` : "",
    memory ? `memory at ${list(memory)}` : "",
  ]
    .filter((part) => part !== "")
    .join("; ");
}

const plainDevices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/** Compares what a sandbox was given with what its component may have at all. Pure. */
export function comparePermissions(asked: Asked, system: System): Found[] {
  const may = permissionOf(asked.name, system);
  const excess = [
    ...asked.mounts.flatMap((mount) =>
      mayHave(asked.members, mount, may, system) ? [] : `${mount.kind} ${mount.target}`,
    ),
    ...surplusLines(asked, system),
    ...asked.capabilities.filter((name) => !may.capabilities?.includes(name)),
    ...(asked.networkNamespace === namespaceOf(asked.name, may, system) ? [] : [`network ${asked.networkNamespace}`]),
  ];
  if (excess.length === 0) return [];
  return [{ what: "permissions", expected: "what a component of its name may have", found: excess.join(", ") }];
}

/** In a trust group, what lies in a member's place is that member's, and the rest is everybody's. */
function mayHave(members: readonly string[], mount: Asked["mounts"][number], may: Permission, system: System): boolean {
  const owner = members.find((name) => mount.target.startsWith(`${membersDirectory}/${name}/`));
  if (owner === undefined) return members.some((name) => isAllowed(mount, name, may, system));
  const target = mount.target.slice(`${membersDirectory}/${owner}`.length);
  return isAllowed({ ...mount, target }, owner, may, system);
}

function permissionOf(name: string, { components }: System): Permission {
  const image = components[name]?.image;
  const isCore = image !== undefined && "core" in image && image.core === name;
  return isCore && Object.hasOwn(permissions, name) ? (permissions[name as CoreName] ?? {}) : {};
}

function namespaceOf(name: string, { uplink }: Permission, { components }: System): string | null {
  if (uplink) return boardsNetwork;
  const component = components[name];
  return component !== undefined && hasOwnNetwork(component) ? namespacePath(componentNamespace(name)) : null;
}

/** A node of a device that the system gives to the component, and KVM where its guest may have that. */
function isOwnDevice(component: System["components"][string] | undefined, target: string): boolean {
  if (target === "/dev/kvm") return component?.runner === "vm" && component.kvm !== undefined;
  return Object.keys(component?.nodes ?? {}).some((device) => target === shownNode(device));
}

/** What the drivers of each class write, which no other attribute is; of pins in the kernel's own place for lines. */
const writtenAttributes: Readonly<Record<string, RegExp>> = {
  leds: /^\/(brightness|trigger)$/,
  pwm: /^\/pwm(\d+)\/(period|duty_cycle|polarity|enable)$/,
};
const ofLine = /^\/sys\/class\/gpio\/gpio\d+(\/(direction|value|edge|active_low))?$/;

/** A directory of attributes that the system gives to the component, or a file in it that is its own to write. */
function isOwnAttribute(component: System["components"][string] | undefined, mount: Asked["mounts"][number]): boolean {
  const { kind, target } = mount;
  return Object.entries(component?.attributes ?? {}).some(([device, { subsystem, write, export: exported = [] }]) => {
    const directory = `${devicesDirectory}/${device}`;
    if (kind === "ro" && target === directory) return true;
    if (!write) return false;
    const line = subsystem === "gpio" ? ofLine.exec(target) : null;
    if (line !== null) return (kind === "rw") === (line[1] !== undefined);
    const file = target.startsWith(`${directory}/`)
      ? writtenAttributes[subsystem]?.exec(target.slice(directory.length))
      : null;
    return kind === "rw" && file != null && (subsystem !== "pwm" || exported.includes(Number(file[1])));
  });
}

/** Lines of pins beyond those that the system has exported: which is which only the kernel's numbers say. */
function surplusLines({ name, mounts }: Asked, { components }: System): string[] {
  const places = Object.values(components[name]?.attributes ?? {}).filter(({ subsystem }) => subsystem === "gpio");
  const granted = places.flatMap(({ export: exported = [] }) => exported).length;
  const shown = mounts.filter(({ kind, target }) => kind === "ro" && ofLine.test(target)).map(({ target }) => target);
  return shown.slice(granted).map((target) => `ro ${target}`);
}

function isAllowed(mount: Asked["mounts"][number], name: string, may: Permission, system: System): boolean {
  const { target } = mount;
  const isOf = (paths: readonly string[] = []) =>
    paths.some((path) => target === path || target.startsWith(`${path}/`));
  const component = system.components[name];
  switch (mount.kind) {
    case "tmpfs":
      return target === "/tmp" || isOf(may.memory);
    case "dev":
      return plainDevices.includes(target) || isOf(may.devices) || isOwnDevice(component, target);
    case "rw":
      return ownWritable(name, system).includes(target) || isOf(may.writes) || isOwnAttribute(component, mount);
    case "ro": {
      const used = system.channels.filter(({ client }) => client === name);
      if (target.startsWith(usesDirectory))
        return used.some((channel) => target === `${usesDirectory}/${channel.name}`);
      // Programs and libraries of the host and of the runtime are everybody's to read; what the device keeps is not.
      if (isOwnAttribute(component, mount)) return true;
      const isKept = isOf(reserved) || /\/view\/data\/(?!releases\/)|^\/sys\//.test(mount.source);
      return !isKept || isOf(may.reads);
    }
  }
}

/** What a component may write to beyond its memory: its ends of channels and leases, and the places that its manifest names. */
function ownWritable(name: string, { channels, components }: System): string[] {
  const { storage, trace, attach = [] } = components[name] ?? {};
  const own = channels.filter(({ provider }) => provider === name);
  const leased = channels.filter(
    ({ client, provider, leaseBytes }) => leaseBytes > 0 && (client === name || provider === name),
  );
  return [
    ...own.map((channel) => `${providesDirectory}/${channel.client}.${channel.name}`),
    ...leased.map(
      (channel) => `${leasesDirectory}/${channel.client === name ? "" : `${channel.client}.`}${channel.name}`,
    ),
    ...(storage && storage.quotaBytes > 0 ? ["/data"] : []),
    ...(trace && trace.ringBytes > 0 ? ["/run/trace"] : []),
    ...(attach.includes("record") ? ["/run/record"] : []),
  ];
}
