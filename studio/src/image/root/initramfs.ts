/** The first archive of a slot: busybox, dmsetup, the kernel's modules up to its root file system, and our first process. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { type ArchiveEntry, writeArchive } from "../../build/vm/cpio.ts";
import { recipeDir } from "../places.ts";

const programs = ["usr/bin/busybox", "usr/sbin/dmsetup"];
const folders = ["bin", "dev", "proc", "sys", "root", "modules", "lib"];
/** Digests by the processor's own instructions; a kernel has those of its architecture. */
const fasterModules = ["sha2_ce", "sha256_arm64", "sha2_arm_ce", "sha256_arm"];
/** What every root needs, whatever its disk is. */
const ownModules = ["crc32c_generic", "dm_mod", "dm_verity", "erofs"];

/** Of the tree of a root, whose kernel is `release`; `modules`: those without which the board's disk is not seen. */
export async function makeInitramfs(root: string, release: string, modules: readonly string[]): Promise<Buffer> {
  const libraries = await librariesOf(root, join(root, "usr/sbin/dmsetup"));
  const kernel = await findModules(join(root, "usr/lib/modules", release), [...ownModules, ...modules]);
  const entries: ArchiveEntry[] = folders.map((path) => ({ path, content: null }));
  entries.push({ path: "init", content: await readFile(join(recipeDir, "initramfs", "init")) });
  for (const path of programs)
    entries.push({ path: `bin/${basename(path)}`, content: await readFile(join(root, path)) });
  for (const path of libraries) entries.push({ path: `lib/${basename(path)}`, content: await readFile(path) });
  for (const { name, content } of kernel) entries.push({ path: `modules/${name}.ko`, content });
  entries.push({
    path: "modules/order",
    content: Buffer.from(`${kernel.map(({ name }) => `${name}.ko`).join("\n")}\n`),
  });
  return writeArchive(entries);
}

type Module = { readonly name: string; readonly content: Buffer };

/** Of the modules in `folder`: `wanted` and what they need, unpacked, each after what it needs; those built into the kernel are left out. Throws IMAGE_BUILD_FAILED. */
export async function findModules(folder: string, wanted: readonly string[]): Promise<Module[]> {
  const nameOf = (path: string) =>
    basename(path)
      .replace(/\.ko.*$/, "")
      .replaceAll("-", "_");
  const files = new Map<string, string>();
  for (const path of await readdir(folder, { recursive: true }))
    if (/\.ko(\.(xz|gz|zst))?$/.test(path)) files.set(nameOf(path), join(folder, path));
  const builtIn = new Set((await readFile(join(folder, "modules.builtin"), "utf8")).split("\n").map(nameOf));
  const found = new Map<string, Module>();
  async function add(name: string): Promise<void> {
    if (found.has(name) || builtIn.has(name)) return;
    const file = files.get(name);
    if (file === undefined)
      throw new BulkheadError("IMAGE_BUILD_FAILED", `the kernel has no ${name}, neither built in nor as a module`, {
        remedy:
          "a kernel that is brought has to have it; without it, build for the board's own Linux: bulkhead image archive",
      });
    const content = await unpacked(file);
    const info = content.toString("latin1");
    const needs = /\0depends=([^\0]*)\0/.exec(info)?.[1] ?? "";
    for (const need of needs.split(",").filter(Boolean)) await add(need.replaceAll("-", "_"));
    found.set(name, { name, content });
  }
  for (const name of fasterModules) if (files.has(name)) await add(name);
  for (const name of wanted) await add(name);
  return [...found.values()];
}

async function unpacked(file: string): Promise<Buffer> {
  if (file.endsWith(".gz")) return gunzipSync(await readFile(file));
  if (file.endsWith(".zst")) return zstdDecompressSync(await readFile(file));
  if (!file.endsWith(".xz")) return readFile(file);
  const { stdout } = await execa("xz", ["--decompress", "--stdout", file], { encoding: "buffer" });
  return Buffer.from(stdout);
}

/** Libraries that a program of the root asks for, and those that they ask for, with the loader; found by name below usr/lib. */
async function librariesOf(root: string, program: string): Promise<string[]> {
  const places = (await readdir(join(root, "usr/lib"))).filter((name) => name.includes("-linux-gnu"));
  const found = new Map<string, string>();
  async function add(file: string): Promise<void> {
    for (const name of await neededBy(file)) {
      if (found.has(name)) continue;
      const place = places.map((one) => join(root, "usr/lib", one, name));
      const path = (
        await Promise.all(place.map(async (one) => ((await readFile(one).catch(() => null)) ? one : null)))
      ).find(Boolean);
      if (!path) continue;
      found.set(name, path);
      await add(path);
    }
  }
  await add(program);
  return [...found.values()];
}

/** Names that end in .so and a number: those of DT_NEEDED and the interpreter are among them, and a few that are not found. */
async function neededBy(file: string): Promise<string[]> {
  const text = (await readFile(file)).toString("latin1");
  return [...new Set([...text.matchAll(/[a-zA-Z0-9_+.-]+\.so\.\d+(?:\.\d+)*/g)].map(([name]) => name))].sort();
}
