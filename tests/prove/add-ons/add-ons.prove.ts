/** Native add-ons of drivers, compiled for every processor of a board: twice the same bytes, and what the boards' Node loads. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCompiler } from "../../../scripts/setup/compiler.mjs";
import { installKoffi } from "../../../scripts/setup/koffi.mjs";
import { findCompiler } from "../../../studio/src/build/compiled/compiler.ts";
import { compile, compileAddOn } from "../../../studio/src/build/compiled/index.ts";
import { type CompiledAddOn, findSources } from "../../../studio/src/build/compiled/recipes.ts";
import { findKoffi } from "../../../studio/src/build/koffi.ts";

/** By processor: e_machine of its ELF files, at byte 18, and the version of modules (NODE_MODULE_VERSION) of its boards' Node. */
const processors = {
  x64: { machine: 62, bits: 2, modules: 137 },
  arm64: { machine: 183, bits: 2, modules: 137 },
  armhf: { machine: 40, bits: 1, modules: 115 },
} as const;
const addOns: readonly CompiledAddOn[] = ["i2c", "i2c-bus", "spi", "can"];
/** What Node sees of each. */
const exported = {
  i2c: ["claim", "transfer"],
  "i2c-bus": ["setAddrSync", "readI2cBlockAsync"],
  spi: ["open"],
  can: ["RawChannel"],
} as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bulkhead-add-ons-"));
  for (const processor of Object.keys(processors)) expect(await installCompiler(processor)).toBeDefined();
});
afterAll(() => rm(folder, { recursive: true }));

for (const processor of ["x64", "arm64", "armhf"] as const) {
  describe(`[K11] the compiled add-ons for ${processor}`, () => {
    test.each(addOns)(
      "%s is the same bytes a second time, in another place, and is for that processor",
      async (addOn) => {
        const kept = await readFile(await compileAddOn(addOn, processor));
        const again = await mkdtemp(join(folder, "again-"));
        await compile(addOn, findSources(addOn), await findCompiler(processor), again);
        const { machine, bits } = processors[processor];
        expect(kept.equals(await readFile(join(again, "add-on.node")))).toBe(true);
        expect({ bits: kept[4], machine: kept.readUInt16LE(18) }).toEqual({ bits, machine });
        expect(kept.includes(Buffer.from(process.cwd()))).toBe(false);
      },
    );

    test("koffi is fetched as the lock file says, and is for that processor", async () => {
      expect(await installKoffi(processor)).toBeDefined();
      const file = await readFile(findKoffi(processor));
      const { machine, bits } = processors[processor];
      expect({ bits: file[4], machine: file.readUInt16LE(18) }).toEqual({ bits, machine });
    });

    test("are made with the headers of the Node that such boards have", async () => {
      const { node } = await findCompiler(processor);
      const header = await readFile(join(node, "node_version.h"), "utf8");
      expect(header).toMatch(new RegExp(`#define NODE_MODULE_VERSION ${processors[processor].modules}\\b`));
    });
  });
}

const own = process.arch === "x64" || process.arch === "arm64" ? process.arch : undefined;
test.skipIf(own === undefined).each(addOns)("[K11] this machine's Node loads %s", async (addOn) => {
  const loaded: unknown = createRequire(import.meta.url)(await compileAddOn(addOn, own ?? "x64"));
  for (const name of exported[addOn]) expect(loaded).toHaveProperty(name);
});
