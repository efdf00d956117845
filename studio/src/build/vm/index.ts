/**
 * Builds the image of a `vm` component: the program of its folder as for the runner `native`, in a guest that has it, our init, and what
 * `guest.yaml` adds; the guest's kernel; and the bridge that will stand outside.
 */
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type Guest, parseGuest } from "@bulkhead/protocol/manifest";
import { bulkheadDirectory } from "../../locations.ts";
import type { WireInterface } from "../interfaces/describe.ts";
import { ManifestError } from "../manifest-error.ts";
import { linkStatic } from "../native/c.ts";
import { buildNative } from "../native/index.ts";
import type { Architecture } from "../native/toolchain.ts";
import { type ArchiveEntry, writeArchive } from "./cpio.ts";
import { findVirtualMachine } from "./place.ts";
import { readTree } from "./tree.ts";

const sources = join(bulkheadDirectory, "sdk/vm");

/** Writes `bridge`, `kernel` and `initramfs` to `tree`. Throws BUILD_FAILED, MISSING_PROGRAM, or a ManifestError about guest.yaml. */
export async function buildVm(
  folder: string,
  tree: string,
  interfaces: readonly WireInterface[],
  architecture: Architecture,
): Promise<void> {
  const guest = await readGuest(folder);
  const kernel =
    guest.kernel === "debian" ? join(findVirtualMachine(architecture), "kernel") : join(folder, guest.kernel);
  const work = await mkdtemp(join(tmpdir(), "bulkhead-vm-"));
  try {
    await mkdir(tree, { recursive: true });
    await buildNative(folder, work, interfaces, architecture);
    await link(["init.c", "ports.c"], join(work, "init"), architecture);
    await link(["bridge.c", "lines.c", "ports.c"], join(tree, "bridge"), architecture);
    await copyFrom(kernel, join(tree, "kernel"));
    const own = await Promise.all(["init", "main"].map((name) => readEntry(work, name)));
    const added = guest.root === undefined ? [] : await readTree(join(folder, guest.root));
    refuseHidden(added, folder);
    await writeFile(join(tree, "initramfs"), writeArchive([...added, ...own]));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function readGuest(folder: string): Promise<Guest> {
  const file = join(folder, "guest.yaml");
  const parsed = parseGuest(existsSync(file) ? await readFile(file, "utf8") : "{}", file);
  if ("errors" in parsed) throw new ManifestError(parsed.errors);
  return parsed.guest;
}

async function link(names: readonly string[], output: string, architecture: Architecture): Promise<void> {
  const files = names.map((name) => join(sources, name));
  await linkStatic(files, [sources], output, architecture, sources);
  await chmod(output, 0o755);
}

async function copyFrom(file: string, to: string): Promise<void> {
  await copyFile(file, to).catch((cause: unknown) => {
    throw new BulkheadError("BUILD_FAILED", `the guest's kernel ${file} cannot be read`, { cause });
  });
  await chmod(to, 0o644);
}

async function readEntry(folder: string, path: string): Promise<ArchiveEntry> {
  return { path, content: await readFile(join(folder, path)) };
}

// Both would be there, and the kernel would take the later one without a word.
function refuseHidden(added: readonly ArchiveEntry[], folder: string): void {
  const hidden = added.find(({ path }) => ["init", "main"].includes(path));
  if (hidden) throw new BulkheadError("BUILD_FAILED", `${folder}: the guest's /${hidden.path} is ours to make`);
}
