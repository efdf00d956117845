/** One station's run: vitest on its suites, and what came of it. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { type Report, reportSchema } from "../report/report.ts";
import { loadStation } from "./stations.ts";

export type Wish = {
  /** Where reports go; each station has a folder of its own in it. */
  readonly out: string | undefined;
  /** Only tests whose names have this. */
  readonly only: string | undefined;
  /** Only tests of the short run. */
  readonly short: boolean;
  /** Words to standard error, for standard output is for the report. */
  readonly json: boolean;
};

export type Run = { readonly report: Report; readonly exitCode: number | undefined };

/** Throws STATION_UNKNOWN, STATION_INVALID, and TARGET_NOT_REACHED where the run ended before it could write a report. */
export async function runStation(name: string, { out, only, short, json }: Wish): Promise<Run> {
  await loadStation(name);
  const directory = join(out ?? join(bulkheadDirectory, ".cache/hil"), name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const { exitCode } = await execa(
    process.execPath,
    [
      join(bulkheadDirectory, "node_modules/vitest/vitest.mjs"),
      ...["run", "--config", join(bulkheadDirectory, "vitest.hil.config.ts")],
      `--outputFile.junit=${join(directory, "junit.xml")}`,
      ...(only === undefined ? [] : ["-t", only]),
    ],
    {
      env: { BULKHEAD_HIL_STATION: name, BULKHEAD_HIL_OUT: directory, BULKHEAD_HIL_SHORT: short ? "1" : "0" },
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
