/**
 * Gives each component that the manifest gives storage a directory with a hard limit. No server stands in the data path:
 * a component has plain files at /data, and the kernel answers ENOSPC to it alone.
 */
import { chmod, chown, lstat, mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { programEnvironment } from "../sandbox/programs.ts";
import { ensureImage } from "./image.ts";
import { preparePlaces, type StorageWish, storagePath } from "./places.ts";

export type MountedStorage = {
  readonly component: string;
  /** The host's path of what the component sees as /data. */
  readonly path: string;
  /** The kernel holds the component to its quota; false where this host has no way to. */
  readonly isLimited: boolean;
};

export type StorageOptions = {
  /** On the device's disk. */
  readonly root: string;
  /** On the tmpfs: a directory per component is made in it. */
  readonly mountRoot: string;
  readonly generation: number;
  /** Generations besides this one that may be started again. */
  readonly needed: readonly number[];
  readonly wishes: readonly StorageWish[];
  readonly uidOf: (component: string) => number | null;
  readonly log: (text: string) => void;
};

/**
 * Mounts the storage of all components of a generation, none of which may run. Throws STORAGE_FULL and
 * COMPONENT_START_FAILED (image.ts); nothing is left mounted then.
 */
export async function mountStorage(options: StorageOptions): Promise<readonly MountedStorage[]> {
  await unmountStorage(options.mountRoot);
  await preparePlaces(options.root, options.generation, options.needed);
  await mkdir(options.mountRoot, { recursive: true, mode: 0o711 });
  const mounted: MountedStorage[] = [];
  try {
    for (const wish of options.wishes) mounted.push(await mountOne(options, wish));
  } catch (error) {
    await unmountStorage(options.mountRoot);
    throw error;
  }
  return mounted;
}

/** Takes away what is mounted below `mountRoot`, also what a root server before us left. */
export async function unmountStorage(mountRoot: string): Promise<void> {
  for (const name of await readdir(mountRoot).catch(() => [])) {
    // Lazily: the file system is in use until the last sandbox that shows it has gone; the kernel frees the loop device then.
    await execa("umount", ["--lazy", "--", join(mountRoot, name)], { reject: false, env: programEnvironment });
    await rmdir(join(mountRoot, name)).catch(() => undefined);
  }
}

async function mountOne(options: StorageOptions, wish: StorageWish): Promise<MountedStorage> {
  const { component, quotaBytes } = wish;
  const base = storagePath(options.root, options.generation, wish);
  const target = join(options.mountRoot, component);
  await mkdir(target, { recursive: true });
  const image = `${base}.ext4`;
  const state = await ensureImage(image, quotaBytes);
  if (state.kind === "replaced") {
    options.log(
      `the storage of ${component} was damaged beyond repair: it starts empty, and ${state.setAside} is kept`,
    );
  }
  const refusal = await mount(["-t", "ext4", "-o", "loop,nosuid,nodev,noexec,noatime", image, target]);
  if (refusal === undefined) {
    await giveTo(options.uidOf(component), target);
    return { component, path: target, isLimited: true };
  }
  // Rather visible than refused: the level of the component says that nothing holds it to its quota.
  options.log(`no hard limit for the storage of ${component}: ${refusal}`);
  // One that is older was made on a host that could: it may be one again.
  if (state.kind !== "kept") await rm(image, { force: true });
  await mkdir(base, { recursive: true });
  const bound = await mount(["--bind", base, target]);
  if (bound !== undefined) options.log(`the storage of ${component} cannot be shown at ${target}: ${bound}`);
  await giveTo(options.uidOf(component), bound === undefined ? target : base);
  return { component, path: bound === undefined ? target : base, isLimited: false };
}

/** Undefined where it worked, else what mount(8) said. */
async function mount(args: readonly string[]): Promise<string | undefined> {
  const result = await execa("mount", args, { reject: false, env: programEnvironment });
  return result.failed ? result.stderr.trim().replaceAll(/\s+/g, " ") || result.message : undefined;
}

async function giveTo(uid: number | null, path: string): Promise<void> {
  await chmod(path, 0o700);
  // mkfs leaves it there for e2fsck, which makes it again when it needs it.
  await rmdir(join(path, "lost+found")).catch(() => undefined);
  if (uid === null || (await lstat(path)).uid === uid) return;
  // -P and -h: a link that the component left there must not lead to another's file.
  await execa("chown", ["-R", "-P", "-h", `${uid}:${uid}`, "--", path], { env: programEnvironment });
  await chown(path, uid, uid);
}
