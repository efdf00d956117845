/** From a component of the system to the sandbox that it gets: nothing that is not written here or in `privileges.ts`. */
import { join } from "node:path";
import { type Component, providesDirectory, type System, usesDirectory } from "@bulkhead/protocol";
import type { Device, UidOf } from "../device/index.ts";
import { componentNamespace, hasOwnNetwork, namespacePath } from "../network/index.ts";
import { type Execution, executionOf } from "../runners/index.ts";
import { boardsNetwork, type Mount, mergeMounts, type SandboxSpec } from "../sandbox/index.ts";
import { deviceMounts, placeInterfaces } from "./devices/index.ts";
import { channelDirectory, clientDirectory } from "./directories.ts";
import { kvmMounts } from "./kvm-mounts.ts";
import { leaseMounts } from "./leases.ts";
import type { OwnPlaces } from "./own-directories.ts";
import { type Privilege, privilegeOf } from "./privileges.ts";

/** The specification for component `name`. `digest` names the installed release that its bundle lies in. */
export async function buildSpec(
  device: Device,
  system: System,
  digest: string,
  name: string,
  component: Component,
  uidOf: UidOf,
  own: OwnPlaces,
  stdout: number,
): Promise<SandboxSpec> {
  const privilege = await privilegeOf(isCoreServer(name, component) ? name : "", device, uidOf(name));
  const kvm = await kvmMounts(device.paths, name, component, uidOf(name));
  await placeInterfaces(device, name, component, uidOf("network"));
  const execution = await executionOf({
    name,
    component,
    bundle: bundleDirectory(device, digest, component),
    nodePath: device.paths.shownNode,
    runtimesDir: device.paths.shownRuntimes,
    workerHost: device.paths.shownWorkerHost,
    hasKvm: kvm.length > 0,
  });
  const leases = leaseMounts(device.paths, system, name);
  return {
    ...execution,
    ...filterOf(component, execution, leases.length > 0),
    ...(privilege.profile && { profile: privilege.profile }),
    name,
    uid: uidOf(name),
    mounts: mergeMounts(
      programMounts(execution, privilege),
      channelMounts(device, system, name),
      leases,
      own.mounts,
      privilege.mounts,
      await deviceMounts(device, name, component, uidOf(name)),
      kvm,
    ),
    storage: own.storage,
    networkNamespace: networkNamespace(name, component, privilege),
    capabilities: privilege.capabilities,
    limits: {
      memoryBytes: component.memoryBytes,
      processes: component.processes,
      files: component.openFiles,
      cpu: component.cpu,
      cores: component.cores,
    },
    cgroup: `${device.config.instance}/${name}`,
    stdout,
    requires: system.policy.requireFullLevel ? fullLevel(component) : component.requires,
  };
}

/** True for a part of the installed runtime under its own, reserved name; under any other it is like everybody else. */
export function isCoreServer(name: string, { image }: Component): boolean {
  return "core" in image && image.core === name;
}

/** The same of a name, which may be none of the system's. */
export function isCoreOf({ components }: System, name: string): boolean {
  const component = components[name];
  return component !== undefined && isCoreServer(name, component);
}

function fullLevel({ cpu, cores, storage }: Component): Component["requires"] {
  const layers: Component["requires"] = ["own-uid", "namespaces", "seccomp", "cgroup"];
  if (cores.length > 0) layers.push("cores");
  if (cpu.class === "deadline") layers.push("deadline");
  if (storage.quotaBytes > 0) layers.push("storage-quota");
  return layers;
}

function bundleDirectory({ paths }: Device, digest: string, { image }: Component): string {
  return "core" in image
    ? join(paths.shownPlatform, "core", image.core)
    : join(paths.shownData, "releases", digest, "artifacts", image.artifact);
}

function channelMounts({ paths }: Device, { channels }: System, name: string): Mount[] {
  const provided = channels.filter(({ provider }) => provider === name);
  const used = channels.filter(({ client }) => client === name);
  const inspected = name === "message-server" ? channels.filter(({ inspect }) => inspect) : [];
  return [
    ...provided.map((channel): Mount => {
      const target = `${providesDirectory}/${channel.client}.${channel.name}`;
      return { kind: "rw", source: channelDirectory(paths, channel), target };
    }),
    ...used.map((channel): Mount => {
      return { kind: "ro", source: clientDirectory(paths, channel), target: `${usesDirectory}/${channel.name}` };
    }),
    ...inspected.flatMap((channel): Mount[] => {
      const place = `${channel.client}.${channel.name}`;
      return [
        { kind: "rw", source: clientDirectory(paths, channel), target: `${providesDirectory}/${place}` },
        { kind: "ro", source: channelDirectory(paths, channel), target: `${usesDirectory}/${place}` },
      ];
    }),
  ];
}

// Libraries that a privileged component sees anyway, with the whole directory, are not mounted once more.
function programMounts({ mounts }: Execution, privilege: Privilege): Mount[] {
  const seen = privilege.mounts.filter(({ kind }) => kind === "ro").map(({ target }) => `${target}/`);
  return mounts.filter(({ target }) => !seen.some((directory) => target.startsWith(directory)));
}

/** Drivers make the requests of their class; who is freestanding opens no file unless there is a lease. */
function filterOf({ role, image }: Component, { profile }: Execution, hasLease: boolean): Pick<SandboxSpec, "profile"> {
  const driver = role === "driver" && "source" in image ? image.source : "";
  const ofClass = Object.hasOwn(driverFilters, driver) ? driverFilters[driver] : undefined;
  if (ofClass !== undefined) return { profile: ofClass };
  return profile === "freestanding" && hasLease ? { profile: "freestanding-leased" } : {};
}

const driverFilters: Readonly<Record<string, NonNullable<SandboxSpec["profile"]>>> = {
  "driver:gpio": "gpio",
  "driver:i2c": "i2c",
  "driver:serial": "serial",
  "driver:spi": "spi",
  "driver:can": "can",
  "driver:rtc": "rtc",
  "driver:watchdog": "watchdog",
  "driver:pwm": "attributes",
  "driver:adc": "attributes",
  "driver:leds": "attributes",
};

function networkNamespace(name: string, component: Component, privilege: Privilege): string | null {
  if (privilege.inUplink) return boardsNetwork;
  return hasOwnNetwork(component) ? namespacePath(componentNamespace(name)) : null;
}
