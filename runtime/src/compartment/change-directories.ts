/**
 * The directories of channels from one generation to the next while some components go on: whoever goes on has them mounted, so one
 * that both generations have keeps its inode, and only what differs is made or removed. What a provider that is started anew left in
 * its own is taken away.
 */
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Channel, System } from "@bulkhead/protocol";
import { execa } from "execa";
import type { DevicePaths, UidOf } from "../device/index.ts";
import { channelPlaces, mountProvider, providerOptions } from "./directories.ts";
import { leasePlace, makeLease } from "./leases.ts";

/** A client reaches its own directory below it, and lists no others. */
const channelMode = 0o711;

/** All but `staying` have ended. */
export async function changeChannelDirectories(
  paths: DevicePaths,
  before: System,
  after: System,
  staying: readonly string[],
  uidOf: UidOf,
): Promise<void> {
  const places = channelPlaces(paths, after);
  const owners = new Set(places.map(({ owner }) => owner));
  const known = new Set(channelPlaces(paths, before).map(({ owner }) => owner));
  for (const owner of known) if (!owners.has(owner)) await unmount(join(paths.ipc, owner));
  for (const owner of owners) {
    const own = places.filter((place) => place.owner === owner).map(({ directory }) => directory);
    const place = join(paths.ipc, owner);
    if (!known.has(owner)) await mountProvider(place, own.length);
    else await fitProvider(place, own, staying.includes(owner));
    for (const directory of own) {
      await mkdir(directory, { mode: channelMode, recursive: true });
      const uid = uidOf(owner);
      if (uid !== null) await chown(directory, uid, uid);
      // The one before, whose it was, may have shut it.
      await chmod(directory, channelMode);
    }
  }
}

/** Brings the file system of a provider from one set of channels to another. */
async function fitProvider(place: string, own: readonly string[], goesOn: boolean): Promise<void> {
  const wanted = own.map((directory) => basename(directory));
  for (const name of await readdir(place)) {
    if (!wanted.includes(name)) await rm(join(place, name), { recursive: true, force: true });
    else if (!goesOn) await empty(join(place, name));
  }
  await execa("mount", ["-o", `remount,${providerOptions(own.length)}`, place]);
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
}

async function unmount(place: string): Promise<void> {
  await execa("umount", ["--lazy", "--", place], { reject: false });
  await rm(place, { recursive: true, force: true });
}

/** A lease stays where an end of it goes on; where both are started anew they find it empty, as at a start. */
export async function changeLeases(
  paths: DevicePaths,
  before: System,
  after: System,
  staying: readonly string[],
): Promise<void> {
  const stays = (one: Channel, other: Channel) =>
    leasePlace(paths, one) === leasePlace(paths, other) &&
    one.leaseBytes === other.leaseBytes &&
    one.provider === other.provider &&
    (staying.includes(one.client) || staying.includes(one.provider));
  const leased = ({ channels }: System) => channels.filter(({ leaseBytes }) => leaseBytes > 0);
  for (const channel of leased(before)) {
    if (!leased(after).some((other) => stays(channel, other))) await unmount(leasePlace(paths, channel));
  }
  for (const channel of leased(after)) {
    if (!leased(before).some((other) => stays(channel, other))) await makeLease(leasePlace(paths, channel), channel);
  }
}
