/** The release of five whole drivers and their client, and the root server, built on the host for the board, where the board's specification finds it. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "@bulkhead/protocol";
import { installCompiler } from "../../../scripts/setup/compiler.mjs";
import { installKoffi } from "../../../scripts/setup/koffi.mjs";
import { bundle } from "../../../studio/src/build/bundle.ts";
import { buildRelease } from "../../../studio/src/build/index.ts";
import { withoutCore } from "../../../tests/polyglot/device.ts";
import { repository } from "../cache.ts";
import { wholeDrivers } from "./place.ts";

const coreProgram = join(repository, "runtime/src/root-server/main.ts");

/** Returns its folder, from the root of the checkout. Of the core only what a root server cannot do without is in it. */
export async function buildWhole(): Promise<string> {
  await Promise.all([installCompiler("arm64"), installKoffi("arm64")]);
  const outDir = join(repository, wholeDrivers, "release");
  const manifest = join(import.meta.dirname, "manifest.yaml");
  const { release } = await buildRelease({ manifest, outDir, releaseCounter: 1 });
  await writeFile(
    join(outDir, "release.json"),
    canonicalJson(withoutCore(release, ["gpio", "i2c", "serial", "rtc", "leds"])),
  );
  // The same once more, as archives.
  await rm(join(outDir, "blobs"), { recursive: true });
  // In one file, as a device has it: from its sources it is too slow on an emulated board.
  await bundle("program", coreProgram, join(repository, wholeDrivers, "platform/root-server.js"));
  return wholeDrivers;
}
