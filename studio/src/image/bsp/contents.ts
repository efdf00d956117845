/**
 * A board support package: a folder with what the maker of a board gives, and Debian does not. It is copied before anything is looked at, so that
 * what an image's papers name is what is in it. Nothing of it is run.
 */
import { copyFile, mkdir, open, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { suggest } from "@bulkhead/protocol/manifest";
import { digestOf } from "../packages/pool.ts";
import { describeParts, headBytes, type Part, parts } from "./parts.ts";

export type BoardSupport = {
  /** The copy; all that follows is in it. */
  readonly directory: string;
  readonly kernel: { readonly file: string; readonly release: string; readonly modules: string } | undefined;
  readonly deviceTree: string | undefined;
  /** What the kernel's drivers load into their devices. */
  readonly firmware: string | undefined;
  readonly bootLoader: string | undefined;
  /** For the papers: every file, by its path in the folder, in order. */
  readonly files: readonly SupportFile[];
};
export type SupportFile = { readonly path: string; readonly sha256: string };

/** Copies the folder `from` to `into`, which is made, and says what is there. Throws IMAGE_SUPPORT_INVALID naming the file that is wrong. */
export async function takeSupport(from: string, into: string): Promise<BoardSupport> {
  const root = await realpath(resolve(from)).catch((cause: unknown) => {
    throw invalid(from, "it cannot be read", cause);
  });
  if (!(await stat(root)).isDirectory()) throw invalid(from, "it is no folder");
  await mkdir(into, { recursive: true });
  const files: SupportFile[] = [];
  for (const name of (await readdir(root)).sort()) {
    const part = parts.find((one) => one.name === name);
    if (part === undefined) {
      const remedy = suggest(
        name,
        parts.map((one) => one.name),
      );
      throw invalid(
        join(from, name),
        `it is no part of a board support package, which has ${describeParts()}`,
        undefined,
        remedy,
      );
    }
    files.push(...(part.check === undefined ? await copyTree(root, name, into) : [await copyOne(root, name, into)]));
  }
  const has = (name: string) => files.some(({ path }) => path === name || path.startsWith(`${name}/`));
  const partOf = (name: string) => (has(name) ? join(into, name) : undefined);
  for (const { name, check } of parts) {
    const wrong = has(name) && check !== undefined ? await lookAt(join(into, name), check) : undefined;
    if (wrong !== undefined) throw invalid(join(from, name), wrong);
  }
  return {
    ...{ directory: into, files, kernel: await findKernel(from, into, has) },
    ...{ deviceTree: partOf("device-tree"), firmware: partOf("firmware"), bootLoader: partOf("boot-loader") },
  };
}

/** Its head alone is read: whatever is given, it need not fit into memory. */
async function lookAt(file: string, check: NonNullable<Part["check"]>): Promise<string | undefined> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(head, 0, headBytes, 0);
    return check(head.subarray(0, bytesRead), (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

/** As the kernel's own makefile allows it, and no more: it is an argument of depmod and a folder of the image. */
const releaseName = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}$/;

async function findKernel(from: string, into: string, has: (name: string) => boolean): Promise<BoardSupport["kernel"]> {
  if (!has("kernel") && !has("modules")) return undefined;
  const lacking = has("kernel") ? "modules" : "kernel";
  if (!has(lacking)) throw invalid(join(from, lacking), "it is not there: a kernel and its modules come together");
  const [release, ...others] = await readdir(join(into, "modules"));
  if (release === undefined || others.length > 0) {
    throw invalid(join(from, "modules"), "it has to hold one folder, named after the kernel's release");
  }
  if (!releaseName.test(release)) {
    throw invalid(
      join(from, "modules", release),
      "this is no name of a kernel's release",
      undefined,
      "take the folder as `make modules_install` named it: letters, digits and . _ + ~ -",
    );
  }
  const modules = join(into, "modules", release);
  if (!has(`modules/${release}/modules.builtin`)) {
    throw invalid(
      join(from, "modules", release),
      "it has no modules.builtin: it is not what `make modules_install` writes",
    );
  }
  return { file: join(into, "kernel"), release, modules };
}

async function copyTree(root: string, folder: string, into: string): Promise<SupportFile[]> {
  const files: SupportFile[] = [];
  for (const entry of (await readdir(join(root, folder), { withFileTypes: true })).sort(byName)) {
    const path = join(folder, entry.name);
    // Links of `make modules_install` to where the kernel was built.
    if (entry.isSymbolicLink() && (entry.name === "build" || entry.name === "source")) continue;
    files.push(...(entry.isDirectory() ? await copyTree(root, path, into) : [await copyOne(root, path, into)]));
  }
  return files;
}

/** Links are followed as far as they stay in the folder: firmware comes with many. */
async function copyOne(root: string, path: string, into: string): Promise<SupportFile> {
  const named = join(root, path);
  const file = await realpath(named).catch((cause: unknown) => {
    throw invalid(named, "it leads nowhere", cause);
  });
  if (relative(root, file).split(sep)[0] === "..") throw invalid(named, "it leads out of the folder");
  if (!(await stat(file)).isFile()) throw invalid(named, "it is no file");
  const target = join(into, path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(file, target);
  return { path, sha256: await digestOf(target) };
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1;
}

const guide = "docs/guide/images.md says what a board support package holds";

function invalid(place: string, what: string, cause?: unknown, remedy: string = guide): BulkheadError {
  return new BulkheadError("IMAGE_SUPPORT_INVALID", `${place}: ${what}`, { remedy, cause });
}
