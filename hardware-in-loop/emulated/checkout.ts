/** The checkout and its npm packages as a guest sees them at /work: two disks, the packages built for its processor. */
import { copyFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { Architecture } from "./architecture.ts";
import { cached, repository } from "./cache.ts";
import { makeDisk } from "./disk.ts";
import type { Tools } from "./tools.ts";

/** Made once per lock file. */
export async function openModules(tools: Tools, architecture: Architecture): Promise<string> {
  const manifests = await listFiles(["package.json", "*/package.json", "package-lock.json"]);
  const own = manifests.filter((path) => !path.startsWith("tests/"));
  const contents = await Promise.all(own.map((path) => readFile(join(repository, path), "utf8")));
  const recipe = { own, contents, cpu: architecture.cpu };
  const directory = await cached(`modules-${architecture.name}`, recipe, async (target) => {
    const tree = join(target, "tree");
    for (const path of own) await copyInto(tree, path);
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await execa("npm", ["install", `--cpu=${architecture.cpu}`, "--os=linux", "--libc=glibc", ...options], {
      cwd: tree,
    });
    await makeDisk(tools, { label: "modules", from: tree, to: join(target, "disk"), sizeMiB: 3072 });
    await rm(tree, { recursive: true });
  });
  return join(directory, "disk");
}

/** Made for every run, of the files as they are now: what git knows, and what it would, and `moreFolders`. */
export async function makeCheckout(
  tools: Tools,
  directory: string,
  moreFolders: readonly string[] = [],
): Promise<string> {
  const tree = join(directory, "checkout");
  for (const path of await listFiles([])) await copyInto(tree, path);
  for (const path of moreFolders) await cp(join(repository, path), join(tree, path), { recursive: true });
  const disk = join(directory, "checkout.disk");
  await makeDisk(tools, { label: "checkout", from: tree, to: disk, sizeMiB: 512 });
  await rm(tree, { recursive: true });
  return disk;
}

async function listFiles(patterns: readonly string[]): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  const { stdout } = await execa("git", args, { cwd: repository });
  return stdout.split("\0").filter((path) => path !== "");
}

async function copyInto(tree: string, path: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await copyFile(join(repository, path), join(tree, path)).catch((error: NodeJS.ErrnoException) => {
    // Listed by git, and removed since.
    if (error.code !== "ENOENT") throw error;
  });
}
