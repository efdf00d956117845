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
import { runTool, toolLimitMs, unavailable } from "./tool.ts";

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
  /** What of an earlier generation's stays mounted as it is. */
  readonly staying?: ReadonlyMap<string, Promise<MountedStorage>>;
  /** For tests: how long each program may take. */
  readonly limitMs?: number;
};

/** What the components of a generation have mounted, or why not. */
export type Storages = {
  /**
   * Of one component; undefined where it is to have none. Throws why it could not be mounted, once; asked again it is tried again:
   * a person has restarted the component.
   */
  of(component: string): Promise<MountedStorage | undefined>;
  /** What is mounted, or on the way to it. */
  readonly mounts: ReadonlyMap<string, Promise<MountedStorage>>;
};

/**
 * Mounts the storage of all components of a generation; none but those of `staying` may run. What cannot be mounted is one component's
 * trouble, in a bounded time: the others have theirs. Throws where the places on the disk cannot be made.
 */
export async function mountStorage(options: StorageOptions): Promise<Storages> {
  const { staying = new Map<string, Promise<MountedStorage>>() } = options;
  await unmountStorage(options.mountRoot, staying);
  await preparePlaces(options.root, options.generation, options.needed);
  await mkdir(options.mountRoot, { recursive: true, mode: 0o711 });
  const wishes = new Map(options.wishes.map((wish) => [wish.component, wish]));
  const mounts = new Map<string, Promise<MountedStorage>>();
  for (const wish of options.wishes) mounts.set(wish.component, staying.get(wish.component) ?? mountOne(options, wish));
  for (const result of await Promise.allSettled(mounts.values())) {
    if (result.status === "rejected") options.log(`no storage: ${(result.reason as Error).message}`);
  }
  return {
    mounts,
    async of(component) {
      const wish = wishes.get(component);
      if (!wish) return undefined;
      const mounted = mounts.get(component) ?? mountOne(options, wish);
      mounts.set(component, mounted);
      mounted.catch(() => mounts.get(component) === mounted && mounts.delete(component));
      return mounted;
    },
  };
}

/** Takes away what is mounted below `mountRoot`, also what a root server before us left, but for `staying`. */
export async function unmountStorage(
  mountRoot: string,
  staying: ReadonlyMap<string, unknown> = new Map(),
): Promise<void> {
  for (const name of await readdir(mountRoot).catch(() => [])) {
    if (staying.has(name)) continue;
    await unmountOne(join(mountRoot, name));
    await rmdir(join(mountRoot, name)).catch(() => undefined);
  }
}

async function unmountOne(target: string): Promise<void> {
  // Lazily: the file system is in use until the last sandbox that shows it has gone; the kernel frees the loop device then.
  const options = { reject: false, env: programEnvironment, timeout: 10_000, killSignal: "SIGKILL" } as const;
  await execa("umount", ["--lazy", "--", target], options);
}

async function mountOne(options: StorageOptions, wish: StorageWish): Promise<MountedStorage> {
  const { component, quotaBytes } = wish;
  const base = storagePath(options.root, options.generation, wish);
  const target = join(options.mountRoot, component);
  await mkdir(target, { recursive: true });
  // Where an earlier try got as far as that: e2fsck takes an image that is mounted for one that it cannot mend.
  await unmountOne(target);
  const image = `${base}.ext4`;
  const limitMs = options.limitMs ?? toolLimitMs(quotaBytes);
  const state = await ensureImage(image, quotaBytes, limitMs);
  if (state.kind === "replaced") {
    options.log(
      `the storage of ${component} was damaged beyond repair: it starts empty, and ${state.setAside} is kept`,
    );
  }
  const refusal = await mount(["-t", "ext4", "-o", "loop,nosuid,nodev,noexec,noatime", image, target], image, limitMs);
  if (refusal === undefined) {
    await giveTo(options.uidOf(component), target, limitMs);
    return { component, path: target, isLimited: true };
  }
  // An empty directory in the place of what it had stored would be a lie.
  if (state.kind === "kept") throw unavailable(`${image} cannot be mounted: ${refusal}`);
  // Rather visible than refused: the level of the component says that nothing holds it to its quota.
  options.log(`no hard limit for the storage of ${component}: ${refusal}`);
  await rm(image, { force: true });
  await mkdir(base, { recursive: true });
  const bound = await mount(["--bind", base, target], base, limitMs);
  if (bound !== undefined) options.log(`the storage of ${component} cannot be shown at ${target}: ${bound}`);
  await giveTo(options.uidOf(component), bound === undefined ? target : base, limitMs);
  return { component, path: bound === undefined ? target : base, isLimited: false };
}

/** Undefined where it worked, else what mount(8) said. */
async function mount(args: readonly string[], path: string, limitMs: number): Promise<string | undefined> {
  const { failed, stderr } = await runTool("mount", args, path, limitMs);
  return failed ? stderr.replaceAll(/\s+/g, " ") : undefined;
}

async function giveTo(uid: number | null, path: string, limitMs: number): Promise<void> {
  await chmod(path, 0o700);
  // mkfs leaves it there for e2fsck, which makes it again when it needs it.
  await rmdir(join(path, "lost+found")).catch(() => undefined);
  if (uid === null || (await lstat(path)).uid === uid) return;
  // -P and -h: a link that the component left there must not lead to another's file.
  const { failed, stderr } = await runTool("chown", ["-R", "-P", "-h", `${uid}:${uid}`, "--", path], path, limitMs);
  if (failed) throw unavailable(`${path} cannot be given to its component: ${stderr}`);
  await chown(path, uid, uid);
}
