import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { lazyModule, makeBuiltinsLazy } from "./debian-builtins.ts";

const parameters = ["exports", "require", "module", "process", "internalBinding", "primordials"];

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-builtins-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test("[K18] a module that is loaded by who asks for it is the whole one, with all that Node gives a module of its own", () => {
  const whole = join(folder(), "whole.js");
  const members = `{ sum: 1 + 1, all: [typeof require, process.pid, internalBinding, primordials] }`;
  writeFileSync(whole, `module.exports = ${members};`);
  const module = { exports: {} as unknown };
  const require = createRequire(import.meta.url);
  const load = compileFunction(lazyModule(whole), parameters);
  load(module.exports, require, module, process, "binding", "primordials");
  expect(module.exports).toEqual({ sum: 2, all: ["function", process.pid, "binding", "primordials"] });
});

test("[K18] what Debian's Node reads into every process is a few lines, and the whole lies beside it", async () => {
  const root = folder();
  const place = join(root, "usr/share/nodejs/undici");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "undici-fetch.js"), "exports.fetch = 1;");
  await makeBuiltinsLazy(root);
  expect(readFileSync(join(place, "undici-fetch.whole.js"), "utf8")).toBe("exports.fetch = 1;");
  const text = readFileSync(join(place, "undici-fetch.js"), "utf8");
  expect(text).toContain("/usr/share/nodejs/undici/undici-fetch.whole.js");
  expect(text.length).toBeLessThan(400);
});
