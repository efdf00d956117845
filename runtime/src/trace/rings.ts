/** The directories that trace rings lie in: a tmpfs each, as large as the manifest says, written by its component alone. */
import { chown, mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type Component } from "@bulkhead/protocol";
import { execa } from "execa";
import { programEnvironment } from "../sandbox/programs.ts";

const pageBytes = 4096;
/** Of the largest component: 256 channels in 128 bytes each. */
const countersBytes = 32 * 1024;

/** Mounts a ring for each component that has one and is not among `staying`; nothing of those may run. Throws SANDBOX_UNAVAILABLE. */
export async function mountRings(
  root: string,
  components: Readonly<Record<string, Component>>,
  uidOf: (component: string) => number | null,
  staying: readonly string[] = [],
): Promise<void> {
  await unmountRings(root, staying);
  await mkdir(root, { recursive: true, mode: 0o755 });
  const wanted = Object.entries(components).filter(
    ([name, { trace }]) => trace.ringBytes > 0 && !staying.includes(name),
  );
  for (const [name] of wanted) await mkdir(join(root, name));
  const rings = wanted.map(([name, { trace }]) => ({ path: join(root, name), ringBytes: trace.ringBytes }));
  await mountAll(rings, `${root}.table`);
  for (const [name] of wanted) {
    const uid = uidOf(name);
    if (uid !== null) await chown(join(root, name), uid, uid);
  }
}

/** By one process with a table of its own (fstab(5)): one each takes a large part of a start. */
async function mountAll(rings: readonly { path: string; ringBytes: number }[], table: string): Promise<void> {
  if (rings.length === 0) return;
  const lines = rings.map(({ path, ringBytes }) => {
    // Two files of the ring, rounded up to pages, the counters, and a page to spare.
    const sizeBytes = Math.ceil(ringBytes / pageBytes) * pageBytes + countersBytes + 2 * pageBytes;
    const options = `mode=0755,nosuid,nodev,noexec,size=${sizeBytes},nr_inodes=4`;
    return `tmpfs ${escaped(path)} tmpfs ${options} 0 0\n`;
  });
  await writeFile(table, lines.join(""), { mode: 0o600 });
  await execa("mount", ["--all", "--fstab", table], { env: programEnvironment }).catch((cause) => {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", "the traces of the components cannot be mounted", { cause });
  });
}

const escaped = (path: string) =>
  path.replaceAll(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** The serial server keeps 2 MiB of lines there (kept-lines.ts) and half one of samples; the rest is what pages round up. */
const consoleBytes = 2 * 1024 * 1024 + 512 * 1024 + 8 * pageBytes;

/** The place for the newest lines of the console: made once, so that they outlive the serial server and the generation. */
export async function mountConsole(path: string, uid: number | null): Promise<void> {
  await mkdir(path, { recursive: true });
  const there = await execa("mountpoint", ["-q", path], { reject: false, env: programEnvironment });
  if (there.failed) {
    const options = `mode=0700,nosuid,nodev,noexec,size=${consoleBytes},nr_inodes=8`;
    await execa("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { env: programEnvironment });
  }
  if (uid !== null) await chown(path, uid, uid);
}

/** Also those that a root server before us left, but not those of `staying`. */
export async function unmountRings(root: string, staying: readonly string[] = []): Promise<void> {
  const names = (await readdir(root).catch(() => [])).filter((name) => !staying.includes(name));
  const paths = names.map((name) => join(root, name));
  if (paths.length === 0) return;
  await execa("umount", ["--lazy", "--", ...paths], { reject: false, env: programEnvironment });
  for (const path of paths) await rmdir(path).catch(() => undefined);
}
