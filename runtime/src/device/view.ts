/** Shows the device's directories and its Node at places that every uid can reach, in our own mount namespace. */
import { chown, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { RootServerConfig } from "./config.ts";
import type { DevicePaths } from "./device.ts";

export const tunDevice = "/dev/net/tun";

/** Throws SANDBOX_UNAVAILABLE where the kernel does not let us mount. */
export async function showDirectories(config: RootServerConfig, paths: DevicePaths): Promise<void> {
  await mkdir(paths.view, { recursive: true });
  // From a root server before us in the same mount namespace; with it go the mounts below.
  await execa("umount", ["--lazy", paths.view], { reject: false });
  // A file system of our own, because device nodes do not work on every tmpfs.
  await mount(["-t", "tmpfs", "-o", "mode=0711,size=64k", "tmpfs", paths.view], paths.view);
  await mkdir(paths.shownData);
  await mkdir(paths.shownPlatform);
  await mkdir(paths.import, { mode: 0o711 });
  await writeFile(paths.shownNode, "");
  await mount(["--bind", config.dataDir, paths.shownData], config.dataDir);
  await mount(["--bind", config.platformDir, paths.shownPlatform], config.platformDir);
  await mount(["--bind", config.nodePath, paths.shownNode], config.nodePath);
}

async function mount(args: readonly string[], what: string): Promise<void> {
  await execa("mount", args).catch((cause: unknown) => {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", `${what} cannot be mounted for the components`, {
      cause,
      remedy: "start the root server as root, or as uid 0 of a user namespace, in a mount namespace of its own",
    });
  });
}

/** The tun device for `owner`, and for nobody else. Throws NETWORK_SETUP_FAILED. */
export async function showTunDevice(paths: DevicePaths, owner: number | null): Promise<string> {
  return showDevice(paths, tunDevice, owner).catch((cause: unknown) => {
    throw new BulkheadError("NETWORK_SETUP_FAILED", `there is no ${tunDevice}`, {
      cause,
      remedy: "load the kernel module: modprobe tun",
    });
  });
}

/**
 * A device node that `owner` may open, and nobody else. Hosts differ in who may open theirs (0666 with udev, 0600 without), so
 * root makes a node of its own; a user namespace cannot, and takes the host's as it is. `name`: of that node, where several components
 * have one device. Throws what stat(2) says.
 */
export async function showDevice(
  paths: DevicePaths,
  device: string,
  owner: number | null,
  name: string = basename(device),
): Promise<string> {
  const { rdev } = await stat(device);
  if (owner === null) return device;
  const node = join(paths.view, name);
  await rm(node, { force: true });
  const made = await execa("mknod", ["-m", "0600", node, "c", ...numbersOf(rdev)], { reject: false });
  // With a range of uids in a user namespace we have an owner and still may not make nodes.
  if (made.failed) return device;
  await chown(node, owner, owner);
  return node;
}

/**
 * A node of a block device that `reader` may read, and nobody may write: root's, so that who reads it cannot change that. `name`: of that node. Throws what stat(2)
 * and mknod(1) say.
 */
export async function showReadable(paths: DevicePaths, device: string, reader: number, name: string): Promise<string> {
  const status = await stat(device);
  if (!status.isBlockDevice()) throw new BulkheadError("FILE_UNREADABLE", `${device} is no block device`);
  const node = join(paths.view, name);
  await rm(node, { force: true });
  await execa("mknod", ["-m", "0440", node, "b", ...numbersOf(status.rdev)]);
  await chown(node, 0, reader);
  return node;
}

/** Linux's dev_t (include/linux/kdev_t.h, new encoding): minor in bits 0-7 and 20-31, major in bits 8-19. */
function numbersOf(rdev: number): [string, string] {
  return [`${(rdev >> 8) & 0xfff}`, `${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`];
}
