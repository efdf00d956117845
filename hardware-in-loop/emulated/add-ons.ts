/** The compiled add-ons of drivers, made on the host for the processor of an emulated board, where its specifications find them. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { boardAddOns } from "../../drivers/testing/compiled-add-on.ts";
import { installCompiler } from "../../scripts/setup/compiler.mjs";
import { compileAddOn } from "../../studio/src/build/compiled/index.ts";
import type { Architecture } from "./architecture.ts";
import { repository } from "./cache.ts";

const boardsNames = { arm64: "arm64", x64: "x64", arm: "armhf" } as const;

/** The folder of all of them, from the root of the checkout. */
export async function makeAddOns({ cpu }: Architecture): Promise<string> {
  const processor = boardsNames[cpu];
  await installCompiler(processor);
  const folder = join(boardAddOns, cpu);
  await mkdir(join(repository, folder), { recursive: true });
  for (const addOn of ["i2c", "i2c-bus", "spi", "can"] as const) {
    await copyFile(await compileAddOn(addOn, processor), join(repository, folder, `${addOn}.node`));
  }
  return folder;
}
