/** The directories of a device and of its channels: who owns them, who can reach them. */
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Channel, System } from "@bulkhead/protocol";
import { execa } from "execa";
import type { DevicePaths, UidOf } from "../device/index.ts";
import { syncDirectory } from "../generations/index.ts";

/** What single components keep on the disk. Mode 0755 where another component reads it, 0700 else. */
const stores = [
  { name: "keys", owner: "key-store", mode: 0o700 },
  { name: "clock", owner: "clock-server", mode: 0o700 },
  { name: "sealing", owner: "key-store", mode: 0o700 },
  { name: "staging", owner: "kms-agent", mode: 0o755 },
  { name: "crashes", owner: "serial-server", mode: 0o700 },
  { name: "tunnel", owner: "network", mode: 0o700 },
  { name: "endorsed", owner: "verifier", mode: 0o700 },
  { name: "verifier", owner: "verifier", mode: 0o700 },
] as const;

/** What a component makes safe in its store is safe no sooner than the store's own name. */
export async function makeStores(dataDir: string): Promise<void> {
  for (const { name } of stores) await mkdir(join(dataDir, name), { recursive: true });
  // Whoever made them may have been killed before this. A disk that takes nothing must not stop what runs.
  await syncDirectory(dataDir).catch(() => undefined);
}

/** Makes what a generation needs on the disk. Nothing of a component may run: ownership is set through whole trees. */
export async function prepareStores(paths: DevicePaths, uidOf: UidOf): Promise<void> {
  // Reachable, not readable: the way to /app and to a component's own store leads through it.
  await chmod(paths.dataDir, 0o711);
  await chmod(join(paths.dataDir, "releases"), 0o711);
  await makeStores(paths.dataDir);
  await Promise.all(
    stores.map(async ({ name, owner, mode }) => {
      const path = join(paths.dataDir, name);
      await chmod(path, mode);
      const uid = uidOf(owner);
      // -P and -h: a link that a component left there must not lead to another's file.
      if (uid !== null) await execa("chown", ["-R", "-P", "-h", `${uid}:${uid}`, "--", path]);
    }),
  );
}

/** The host's place of a channel: `<runDir>/ipc/<provider>/<client>.<name>`. */
export function channelDirectory(paths: DevicePaths, { provider, client, name }: Channel): string {
  return join(paths.ipc, provider, `${client}.${name}`);
}

/**
 * Where the client of a channel finds it. In the middle of an inspected one the message server has a directory of its
 * own, among those that it provides; the provider's is then mounted for the message server alone.
 */
export function clientDirectory(paths: DevicePaths, channel: Channel): string {
  return channelDirectory(paths, { ...channel, provider: listenerOf(channel) });
}

/** Who listens where the client connects. */
function listenerOf({ inspect, provider }: Channel): string {
  return inspect ? "message-server" : provider;
}

/** Of one provider's file system: a socket has no bytes, and a provider that writes others uses up only its own. */
const ipcBytes = 64 * 1024;

/**
 * Makes a directory per channel, owned by its provider. They live as long as an end of it runs: a directory that is made
 * anew would leave the other end with a dead mount (change-directories.ts). Each provider's are a file system of its own, so that what it writes
 * there cannot fill the one that all share.
 */
export async function makeChannelDirectories(paths: DevicePaths, system: System, uidOf: UidOf): Promise<void> {
  await removeChannelDirectories(paths);
  await mkdir(paths.ipc, { mode: 0o711 });
  const places = channelPlaces(paths, system);
  const owners = new Set(places.map(({ owner }) => owner));
  const countOf = (name: string) => places.filter(({ owner }) => owner === name).length;
  await Promise.all([...owners].map((name) => mountProvider(join(paths.ipc, name), countOf(name))));
  for (const { owner, directory } of places) {
    await mkdir(directory, { mode: 0o711 });
    const uid = uidOf(owner);
    if (uid !== null) await chown(directory, uid, uid);
  }
}

/** Each directory, and who listens in it. */
export function channelPlaces(paths: DevicePaths, { channels }: System): { owner: string; directory: string }[] {
  return channels.flatMap((channel) => [
    { owner: channel.provider, directory: channelDirectory(paths, channel) },
    ...(channel.inspect ? [{ owner: listenerOf(channel), directory: clientDirectory(paths, channel) }] : []),
  ]);
}

export async function mountProvider(path: string, channels: number): Promise<void> {
  await mkdir(path);
  await execa("mount", ["-t", "tmpfs", "-o", `mode=0711,${providerOptions(channels)}`, "tmpfs", path]);
}

/** How much fits on the file system of a provider. */
export function providerOptions(channels: number): string {
  // Itself; a directory and a socket per channel, and one to replace that socket; a few to spare.
  const inodes = 1 + 3 * channels + 8;
  return `nosuid,nodev,noexec,size=${ipcBytes},nr_inodes=${inodes}`;
}

/** Nothing of a component may run. */
async function removeChannelDirectories({ ipc }: DevicePaths): Promise<void> {
  const providers = await readdir(ipc).catch(() => []);
  // One that is none is a directory of a root server that ended while it made them.
  for (const name of providers) await execa("umount", ["--lazy", "--", join(ipc, name)], { reject: false });
  await rm(ipc, { recursive: true, force: true });
}
