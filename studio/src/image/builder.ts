/**
 * The builder: the tools that images are made with, unpacked from locked packages and run without a network, so that neither this
 * machine's tools nor its settings are in an image. Nothing here needs root.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { lockedPart, readLock } from "./packages/lock.ts";
import { fillPool, poolFile } from "./packages/pool.ts";
import type { Recipe } from "./packages/recipe.ts";
import { imageCache } from "./places.ts";

/** The day of what is in an image, in seconds: the same for whoever builds it whenever. */
export type Builder = {
  /** Runs a program of the builder; the work directory is /work there, the pool /pool. Throws IMAGE_BUILD_FAILED. */
  run(program: string, args: readonly string[], options?: { input?: string }): Promise<string>;
};

const places = ["proc", "dev", "tmp", "work", "pool", "recipe"];

/** Makes the builder's root, unless it is there, and returns it for work in `workDir`. Throws what the pool throws. */
export async function openBuilder(recipe: Recipe, workDir: string, recipeDir: string, dateS: number): Promise<Builder> {
  const root = await openRoot(recipe);
  const binds = [
    ...["--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    ...[
      "--bind",
      workDir,
      "/work",
      "--ro-bind",
      join(imageCache(), "pool"),
      "/pool",
      "--ro-bind",
      recipeDir,
      "/recipe",
    ],
  ];
  const settings = { PATH: "/usr/sbin:/usr/bin", LC_ALL: "C", TZ: "UTC", SOURCE_DATE_EPOCH: `${dateS}` };
  const environment = Object.entries(settings).flatMap(([name, value]) => ["--setenv", name, value]);
  const alone = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--chdir", "/work"];
  return {
    async run(program, args, { input = "" } = {}) {
      const command = [...alone, ...environment, ...binds, "--", program, ...args];
      const result = await execa("bwrap", command, { input, reject: false });
      if (!result.failed) return result.stdout;
      throw new BulkheadError("IMAGE_BUILD_FAILED", `${basename(program)} failed: ${lastLine(result.stderr)}`, {
        cause: result,
      });
    },
  };
}

async function openRoot(recipe: Recipe): Promise<string> {
  const { architecture } = recipe.builder;
  const packages = lockedPart(await readLock(architecture), "builder");
  const digest = createHash("sha256")
    .update(packages.map(({ sha256 }) => sha256).join())
    .digest("hex");
  const root = join(imageCache(), `builder-${digest.slice(0, 16)}`);
  if (existsSync(root)) return root;
  await fillPool({ suite: recipe.suite, architecture }, packages);
  const partial = await mkdtemp(`${root}-`);
  try {
    // base-files first: it has the links that the others' files go through.
    const files = packages.filter(({ name }) => name === "base-files").concat(packages);
    for (const one of files) await execa("dpkg-deb", ["--extract", poolFile(one), partial]);
    for (const place of places) await mkdir(join(partial, place), { recursive: true });
    await rename(partial, root);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    if (existsSync(root)) return root;
    throw new BulkheadError("IMAGE_BUILD_FAILED", `the builder cannot be unpacked: ${(cause as Error).message}`, {
      cause,
    });
  }
  return root;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "it said nothing";
}
