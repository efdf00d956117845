/**
 * Shared memory of channels: one file per channel with a lease, alone on a file system of that size. Neither end can make
 * it larger; who cuts it off hurts those who read it by a short read and no signal, for nobody maps it. Its pages are
 * charged to whoever writes them first.
 */
import { chmod, mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Channel, leasesDirectory, type System } from "@bulkhead/protocol";
import { execa } from "execa";
import type { DevicePaths } from "../device/index.ts";
import type { Mount } from "../sandbox/index.ts";

/** Beside the providers' directories: no component's name has a dot. */
export function leasePlace({ ipc }: DevicePaths, { client, name }: Channel): string {
  return join(ipc, `lease.${client}.${name}`);
}

/** Makes the leases of a generation, below a directory that is made anew for it. */
export async function makeLeases(paths: DevicePaths, { channels }: System): Promise<void> {
  await Promise.all(
    channels
      .filter(({ leaseBytes }) => leaseBytes > 0)
      .map((channel) => makeLease(leasePlace(paths, channel), channel)),
  );
}

export async function makeLease(place: string, { leaseBytes }: Channel): Promise<void> {
  await mkdir(place);
  // Itself and the file.
  const options = `mode=0711,nosuid,nodev,noexec,size=${leaseBytes},nr_inodes=2`;
  await execa("mount", ["-t", "tmpfs", "-o", options, "tmpfs", place]);
  const file = join(place, "memory");
  await writeFile(file, "");
  await truncate(file, leaseBytes);
  // The mount is the permission.
  await chmod(file, 0o666);
}

/** The files that component `name` shares with its peers. */
export function leaseMounts(paths: DevicePaths, { channels }: System, name: string): Mount[] {
  return channels
    .filter(({ leaseBytes, client, provider }) => leaseBytes > 0 && (client === name || provider === name))
    .map((channel): Mount => {
      const source = join(leasePlace(paths, channel), "memory");
      const target = channel.client === name ? channel.name : `${channel.client}.${channel.name}`;
      return { kind: "rw", source, target: `${leasesDirectory}/${target}` };
    });
}
