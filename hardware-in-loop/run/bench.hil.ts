/** The one file that vitest runs for a station: every suite, on one bench that is opened once and given back at the end. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll } from "vitest";
import { z } from "zod";
import { aboutFile } from "../report/reporter.ts";
import { openBench } from "../suite/bench.ts";
import { declareSuite, type Suite } from "../suite/suite.ts";
import { loadStation } from "./stations.ts";

const {
  BULKHEAD_HIL_STATION: name,
  BULKHEAD_HIL_OUT: directory,
  BULKHEAD_HIL_SHORT: short,
  BULKHEAD_HIL_DEVICE: device,
} = z
  .looseObject({
    ...{ BULKHEAD_HIL_STATION: z.string(), BULKHEAD_HIL_OUT: z.string(), BULKHEAD_HIL_SHORT: z.string() },
    BULKHEAD_HIL_DEVICE: z.string(),
  })
  .parse(process.env);

const { station, board: boardFile } = await loadStation(name, device === "" ? undefined : device);
const bench = openBench(station, boardFile, directory);
const suites = join(import.meta.dirname, "../suites");

afterAll(async () => {
  const target = await bench.opened();
  const [versions, said] = target ? await Promise.all([target.versions(), target.console()]) : [{}, ""];
  const { title, board, capabilities } = station;
  await writeFile(
    join(directory, aboutFile),
    JSON.stringify({ station: name, title, board, capabilities, versions, console: said }),
  );
  await target?.close();
}, 120_000);

for (const file of (await readdir(suites)).filter((entry) => entry.endsWith(".ts")).sort()) {
  const { suite }: { suite: Suite } = await import(join(suites, file));
  declareSuite(file.replace(/\.ts$/, ""), suite, bench, short === "1");
}
