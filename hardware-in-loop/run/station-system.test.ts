import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { loadManifest } from "../../studio/src/check/load.ts";
import { writeStationSystem } from "./station-system.ts";
import { listStations } from "./stations.ts";

const benches = (await listStations()).filter((name) => name.startsWith("bench/"));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-station-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
});

test.each(benches)(
  "[K19] the system of %s is written for who builds its image, and is one that the compiler takes",
  async (name) => {
    const folder = join(directory, "system");
    const words = await writeStationSystem(name, folder);
    const { compiled } = loadManifest(join(folder, "manifest.yaml"));
    expect("errors" in compiled ? compiled.errors : []).toEqual([]);
    expect(words).toContain(
      `bulkhead image build ${"board" in compiled ? compiled.board.board : ""} --manifest ${folder}`,
    );
  },
);

test("[K19] the system of a station takes no folder that is there, for nobody's files are removed", async () => {
  await expect(writeStationSystem("bench/beaglebone-black", directory)).rejects.toMatchObject({ code: "USAGE" });
});
