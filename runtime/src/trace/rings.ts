/** The directories that trace rings lie in: a tmpfs each, as large as the manifest says, written by its component alone. */
import { chown, mkdir, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type Component } from "@bulkhead/protocol";
import { execa } from "execa";
import { programEnvironment } from "../sandbox/programs.ts";

const pageBytes = 4096;
/** Of the largest component: 256 channels in 128 bytes each. */
const countersBytes = 32 * 1024;

/** Mounts a ring for each component that has one; nothing of them may run. Throws SANDBOX_UNAVAILABLE. */
export async function mountRings(
  root: string,
  components: Readonly<Record<string, Component>>,
  uidOf: (component: string) => number | null,
): Promise<void> {
  await unmountRings(root);
  await mkdir(root, { recursive: true, mode: 0o755 });
  const wanted = Object.entries(components).filter(([, { trace }]) => trace.ringBytes > 0);
  await Promise.all(
    wanted.map(async ([name, { trace }]) => {
      const path = join(root, name);
      await mkdir(path);
      // Two files of the ring, rounded up to pages, the counters, and a page to spare.
      const sizeBytes = Math.ceil(trace.ringBytes / pageBytes) * pageBytes + countersBytes + 2 * pageBytes;
      const options = `mode=0755,nosuid,nodev,noexec,size=${sizeBytes},nr_inodes=4`;
      await execa("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { env: programEnvironment }).catch(
        (cause) => {
          throw new BulkheadError("SANDBOX_UNAVAILABLE", `the trace of ${name} cannot be mounted`, { cause });
        },
      );
      const uid = uidOf(name);
      if (uid !== null) await chown(path, uid, uid);
    }),
  );
}

/** The serial server keeps 2 MiB there (kept-lines.ts); the rest is what pages round up. */
const consoleBytes = 2 * 1024 * 1024 + 4 * pageBytes;

/** The place for the newest lines of the console: made once, so that they outlive the serial server and the generation. */
export async function mountConsole(path: string, uid: number | null): Promise<void> {
  await mkdir(path, { recursive: true });
  const there = await execa("mountpoint", ["-q", path], { reject: false, env: programEnvironment });
  if (there.failed) {
    const options = `mode=0700,nosuid,nodev,noexec,size=${consoleBytes},nr_inodes=4`;
    await execa("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { env: programEnvironment });
  }
  if (uid !== null) await chown(path, uid, uid);
}

/** Also those that a root server before us left. */
export async function unmountRings(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    await execa("umount", ["--lazy", "--", join(root, name)], { reject: false, env: programEnvironment });
    await rmdir(join(root, name)).catch(() => undefined);
  }
}
