/** A copy of the checkout to be changed: what git knows of it, with the installed packages by links. */
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Mutation } from "./mutation.ts";

const root = join(import.meta.dirname, "../../..");
const scope = "@bulkhead";

export type Checkout = {
  /** Runs tests in it; true where all passed. `output` says what failed. */
  run(test: Mutation["test"]): Promise<{ passed: boolean; output: string }>;
  /** Applies the change, runs, and takes it back. */
  runWithout(mutation: Mutation): Promise<{ passed: boolean; output: string }>;
  remove(): Promise<void>;
};

/** Those of others as they are; ours are the copy's, so that a change of one is seen by all that import it. */
async function linkPackages(from: string, names: readonly string[], to: string): Promise<void> {
  await mkdir(to);
  for (const name of names.filter((one) => one !== scope)) await symlink(join(from, name), join(to, name));
  if (!names.includes(scope)) return;
  await mkdir(join(to, scope));
  for (const name of await readdir(join(from, scope))) {
    await symlink(await readlink(join(from, scope, name)), join(to, scope, name));
  }
}

export async function copyCheckout(): Promise<Checkout> {
  const place = await mkdtemp(join(tmpdir(), "bulkhead-mutations-"));
  // Some specifications run as another user.
  await chmod(place, 0o755);
  const list = await execa("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  const archive = join(place, "archive.tar");
  const tar = ["--create", "--file", archive, "--null", "--ignore-failed-read", "--files-from", "-"];
  await execa("tar", tar, { cwd: root, input: list.stdout });
  await execa("tar", ["--extract", "--file", archive], { cwd: place });
  await rm(archive);
  for (const folder of ["", ...(await readdir(place))]) {
    const modules = join(root, folder, "node_modules");
    const names = await readdir(modules).catch(() => []);
    if (names.length > 0) await linkPackages(modules, names, join(place, folder, "node_modules"));
  }

  async function run({ file, name }: Mutation["test"]): Promise<{ passed: boolean; output: string }> {
    const projects = file.endsWith(".spec.ts") ? ["integration", "systems", "alone"] : ["unit"];
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const args = [
      vitest,
      "run",
      ...projects.flatMap((name) => ["--project", name]),
      file,
      ...(name === undefined ? [] : ["-t", name]),
    ];
    const result = await execa(process.execPath, args, {
      cwd: place,
      reject: false,
      all: true,
      env: { NO_COLOR: "1" },
    });
    return { passed: !result.failed, output: result.all };
  }

  return {
    run,
    async runWithout({ edits, test }) {
      const before = await Promise.all(edits.map(({ file }) => readFile(join(place, file), "utf8")));
      for (const { file, from, to } of edits) {
        const text = await readFile(join(place, file), "utf8");
        const changed = text.replace(from, () => to);
        if (changed === text) throw new Error(`${file} has no ${from} any more: mend the table of mutations`);
        await writeFile(join(place, file), changed);
      }
      try {
        return await run(test);
      } finally {
        for (const [index, { file }] of edits.entries()) await writeFile(join(place, file), before[index] ?? "");
      }
    },
    remove: () => rm(place, { recursive: true, force: true }),
  };
}
