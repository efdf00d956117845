/** One station's run: vitest on its suites, and what came of it. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { withInterrupts } from "../../studio/src/cli/interruption.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { type Report, reportSchema } from "../report/report.ts";
import { prepareFlash } from "../target/flash/flash.ts";
import { loadStation } from "./stations.ts";

export type Wish = {
  /** Where reports go; each station has a folder of its own in it. */
  readonly out: string | undefined;
  /** Only tests whose names have this. */
  readonly only: string | undefined;
  /** Only tests of the short run. */
  readonly short: boolean;
  /** The image that the board is given before its suites run. */
  readonly flash: string | undefined;
  /** What the board is called, in place of the name in the station's file. */
  readonly device: string | undefined;
  /** Words to standard error, for standard output is for the report. */
  readonly json: boolean;
};

export type Run = { readonly report: Report; readonly exitCode: number | undefined };

/** Throws STATION_UNKNOWN, STATION_INVALID, and TARGET_NOT_REACHED where the run ended before it could write a report, and what `prepareFlash` throws. */
export async function runStation(name: string, { out, only, short, json, flash, device }: Wish): Promise<Run> {
  const { station, board } = await loadStation(name, device);
  const directory = join(out ?? join(bulkheadDirectory, ".cache/hil"), name);
  // Before the last report is removed: what is refused leaves it.
  const flashing = flash === undefined ? undefined : await prepareFlash({ station, board, image: flash });
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const note = (text: string) => void process.stderr.write(`${text}\n`);
  const consoleFile = join(directory, "first-start.log");
  if (flashing) await withInterrupts((signal) => flashing({ consoleFile, note, signal }));
  const { exitCode } = await execa(
    process.execPath,
    [
      join(bulkheadDirectory, "node_modules/vitest/vitest.mjs"),
      ...["run", "--config", join(bulkheadDirectory, "vitest.hil.config.ts")],
      `--outputFile.junit=${join(directory, "junit.xml")}`,
      ...(only === undefined ? [] : ["-t", only]),
    ],
    {
      env: {
        ...{ BULKHEAD_HIL_STATION: name, BULKHEAD_HIL_OUT: directory, BULKHEAD_HIL_SHORT: short ? "1" : "0" },
        BULKHEAD_HIL_DEVICE: device ?? "",
      },
      cwd: bulkheadDirectory,
      reject: false,
      stdin: "ignore",
      stdout: json ? process.stderr : "inherit",
      stderr: "inherit",
    },
  );
  const report = await readReport(directory);
  process.stderr.write(`${relative(process.cwd(), directory)}: report.html, report.json, junit.xml\n`);
  return { report, exitCode };
}

async function readReport(directory: string): Promise<Report> {
  const text = await readFile(join(directory, "report.json"), "utf8").catch((cause: unknown) => {
    throw new BulkheadError("TARGET_NOT_REACHED", "the run ended without a report; what it said stands above", {
      cause,
    });
  });
  return reportSchema.parse(JSON.parse(text));
}
