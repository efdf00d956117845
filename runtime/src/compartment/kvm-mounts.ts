/** The one device of the kernel's that a guest can have: KVM, where its manifest asks for it, and the board's policy allowed that. */
import { constants } from "node:fs";
import { access, lstat, stat } from "node:fs/promises";
import { BulkheadError, type Component } from "@bulkhead/protocol";
import { type Device, showDevice } from "../device/index.ts";
import type { Mount } from "../sandbox/index.ts";

export const kvmDevice = "/dev/kvm";
/** Major 10, minor 232, as stat(2) has it (admin-guide/devices.txt of the kernel). */
const kvmNumber = (10 << 8) | 232;

/**
 * The device for `name`, or nothing: where it does not ask, or prefers it and the device has none that its uid may open.
 * Throws COMPONENT_START_FAILED where it cannot be without, and where something else stands under the name.
 */
export async function kvmMounts(
  paths: Device["paths"],
  name: string,
  { runner, kvm }: Pick<Component, "runner" | "kvm">,
  uid: number | null,
  device: string = kvmDevice,
): Promise<Mount[]> {
  if (runner !== "vm" || kvm === undefined) return [];
  const source = (await isKvm(name, device)) ? await show(paths, name, uid, device) : undefined;
  if (source !== undefined) return [{ kind: "dev", source, target: kvmDevice }];
  if (kvm === "preferred") return [];
  throw new BulkheadError(
    "COMPONENT_START_FAILED",
    `${name} requires ${device}, which this device has not, or not for it`,
    {
      remedy: "load the kernel's KVM on a processor that has virtualization, or write `kvm: preferred`",
    },
  );
}

/** False where there is nothing. A link, a file or another device under this name is nothing to give out. */
async function isKvm(name: string, device: string): Promise<boolean> {
  const found = await lstat(device).catch(() => undefined);
  if (found === undefined) return false;
  if (found.isCharacterDevice() && found.rdev === kvmNumber) return true;
  throw new BulkheadError("COMPONENT_START_FAILED", `${device}, which ${name} asks for, is not the kernel's KVM`, {
    remedy: "see what made it: it must be the character device 10:232 itself",
  });
}

/** A node that the component may open; undefined where we can make none and the host's is not for it. */
async function show(
  paths: Device["paths"],
  name: string,
  uid: number | null,
  device: string,
): Promise<string | undefined> {
  const node = await showDevice(paths, device, uid, `kvm-${name}`);
  const { uid: owner, mode } = await stat(node);
  if (owner === uid || (mode & 0o006) === 0o006) return node;
  if (uid !== null) return undefined;
  return access(node, constants.R_OK | constants.W_OK).then(
    () => node,
    () => undefined,
  );
}
