/**
 * Prints the path of a Node 20, the oldest that the device part supports. It comes from npm by the lock file of
 * tests/node-20, into .cache, and is fetched once.
 */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { root, run } from "./setup/process.mjs";

const source = join(root, "tests", "node-20");
const lock = await readFile(join(source, "package-lock.json"));
const digest = createHash("sha256").update(lock).digest("hex").slice(0, 12);
const target = join(root, ".cache", `node-20-${digest}`);
const node = join(target, "node_modules", `node-linux-${process.arch}`, "bin", "node");

const works = async () => (await run(node, ["--version"], { quiet: true })).output.startsWith("v20.");

if (!(await works())) {
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) await copyFile(join(source, file), join(partial, file));
  const options = ["--prefix", partial, "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const { ok, output } = await run("npm", ["ci", ...options], { quiet: true });
  if (!ok) throw new Error(`npm could not install Node 20:\n${output}`);
  await rm(target, { recursive: true, force: true });
  await rename(partial, target);
  if (!(await works())) throw new Error(`what npm installed at ${node} does not run as Node 20`);
}
process.stdout.write(`${node}\n`);
