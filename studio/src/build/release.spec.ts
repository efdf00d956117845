import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bulkheadDirectory } from "../locations.ts";
import { buildRelease } from "./release.ts";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-release-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const component = (said: string) =>
  `export const component = { uses: {}, provides: {}, start() { console.log(${JSON.stringify(said)}); } };\n`;

test("[M11] a component that did not change keeps its digest, whatever else does", async () => {
  const project = join(scratch, "project");
  const names = ["one", "two"];
  for (const name of names) await mkdir(join(project, name), { recursive: true });
  await symlink(join(bulkheadDirectory, "node_modules"), join(project, "node_modules"));
  const manifest = ["system: example", "version: 1.0.0", "board: virtual", "components:"];
  const lines = names.map((name) => `  ${name}: { image: ./${name}, runner: node }`);
  await writeFile(join(project, "manifest.yaml"), [...manifest, ...lines, ""].join("\n"));
  for (const name of names) await writeFile(join(project, name, "main.ts"), component(name));
  const build = async (folder: string, releaseCounter: number) => {
    const options = { manifest: join(folder, "manifest.yaml"), outDir: join(folder, "../out"), releaseCounter };
    const { contents } = await buildRelease({ ...options, builtAtMs: releaseCounter });
    return new Map(contents.map((one) => [one.component, one.digest]));
  };
  const before = await build(project, 1);
  const elsewhere = join(scratch, "another/place/project");
  await cp(project, elsewhere, { recursive: true, verbatimSymlinks: true });
  await writeFile(join(elsewhere, "two/main.ts"), component("something else"));
  const after = await build(elsewhere, 2);
  expect(after.get("one")).toBe(before.get("one"));
  expect(after.get("two")).not.toBe(before.get("two"));
});
