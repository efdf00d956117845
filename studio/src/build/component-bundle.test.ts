/** What is in the bundle of a component that does nothing, so in every component's memory: nothing comes back unseen. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Plugin } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bulkheadDirectory } from "../locations.ts";
import { bundle, generateFrom } from "./bundle.ts";
import { componentEntry, generatedEntry } from "./entry.ts";

let directory: string;
let code = "";
/** Of those that leave something in the bundle. */
const modules: string[] = [];

beforeAll(async () => {
  // In the checkout: it imports the SDK as a component of ours does.
  const cache = join(bulkheadDirectory, ".cache");
  await mkdir(cache, { recursive: true });
  directory = await mkdtemp(join(cache, "component-"));
  await writeComponent("");
  const watch: Plugin = {
    name: "watch",
    generateBundle(_options, files) {
      for (const file of Object.values(files)) {
        if (file.type !== "chunk") continue;
        const left = Object.entries(file.modules).filter(([, { renderedLength }]) => renderedLength > 0);
        modules.push(...left.map(([path]) => relative(bulkheadDirectory, path)));
      }
    },
  };
  const entry = join(directory, "main.ts");
  code = await generateFrom(generatedEntry, [componentEntry(entry), watch], entry, "cjs");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function writeComponent(before: string): Promise<void> {
  const lines = [
    'import { defineComponent } from "@bulkhead/sdk";',
    before,
    "export const component = defineComponent({ start: () => undefined });",
  ];
  return writeFile(join(directory, "main.ts"), lines.join("\n"));
}

const below = (folder: string) => modules.filter((path) => path.startsWith(folder)).sort();

test("[K10] of the protocol a component holds what its own channels need, and no schema of anything else", () => {
  expect(below("protocol/")).toEqual([
    "protocol/src/channel.ts",
    "protocol/src/digest.ts",
    "protocol/src/errors.ts",
    "protocol/src/ipc/control.ts",
    "protocol/src/ipc/frame.ts",
    "protocol/src/misfit.ts",
    "protocol/src/patterns.ts",
  ]);
});

test("[K10] of zod a component holds the small one, until it makes schemas of its own", () => {
  const schemas = below("node_modules/zod/").filter((path) => /\/(?:schemas|api|checks|locales\/\w+)\.js$/.test(path));
  expect(schemas.filter((path) => !/v4\/(?:core|mini)\//.test(path))).toEqual([]);
});

test("[K10] of Node a component loads what its control channel needs", () => {
  const loaded = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
  expect(new Set(loaded)).toEqual(new Set(["node:fs", "node:net", "node:os", "node:path", "node:stream", "node:util"]));
});

test("[K10] the text of the SDK, which V8 keeps, is below 230 kB of one byte each", () => {
  expect(code.length).toBeLessThan(230_000);
  expect(code.search(/[\u0100-\uffff]/)).toBe(-1);
});

test("[K10] a component is CommonJS and strict, and a module where its own modules wait", async () => {
  const output = join(directory, "out/main.js");
  const built = async () => {
    await bundle("component", join(directory, "main.ts"), output);
    return [await readFile(output, "utf8"), await readFile(join(directory, "out/package.json"), "utf8")] as const;
  };
  const [common, commonPackage] = await built();
  expect(common.startsWith(`"use strict";`)).toBe(true);
  expect(commonPackage).toBe('{"type":"commonjs"}\n');
  await writeComponent("const waited = await Promise.resolve(1); console.log(waited);");
  const [module, modulePackage] = await built();
  expect(module.includes("await Promise.resolve(1)")).toBe(true);
  expect(modulePackage).toBe('{"type":"module"}\n');
});
