/** What the drivers of a board of another processor are compiled by, and call the kernel with: fetched once for each processor, where a system has such drivers. */
import { join } from "node:path";
import { execa } from "execa";
import { addOnsOf } from "../build/add-ons.ts";
import { driverOf } from "../build/artifact.ts";
import { imagesOf } from "../build/release.ts";
import { loadManifest } from "../check/load.ts";
import { bulkheadDirectory } from "../locations.ts";

/** Fetches for the system of `manifest`. Where that fails, `onStep` hears it, and the build says what is missing and how to get it. */
export async function fetchForDrivers(manifest: string, onStep: (text: string) => void): Promise<void> {
  const { compiled } = loadManifest(manifest);
  if ("errors" in compiled) return;
  for (const program of programsOf(imagesOf(compiled.plan))) {
    onStep(`${program} for the drivers`);
    const script = join(bulkheadDirectory, "scripts/setup", `${program}.mjs`);
    const fetched = await execa(process.execPath, [script, compiled.board.architecture], {
      reject: false,
      stdin: "ignore",
    });
    if (fetched.failed) onStep(`${program} could not be fetched: ${fetched.stderr.trim().split("\n").at(-1)}`);
  }
}

function programsOf(images: ReturnType<typeof imagesOf>): Set<"koffi" | "compiler"> {
  const programs = new Set<"koffi" | "compiler">();
  for (const [, image] of images) {
    const driver = driverOf(image);
    for (const addOn of driver === undefined ? [] : Object.values(addOnsOf(driver, image.interface))) {
      // What is ready made comes with npm's packages, for all processors.
      if (typeof addOn === "string") programs.add(addOn === "koffi" ? "koffi" : "compiler");
    }
  }
  return programs;
}
