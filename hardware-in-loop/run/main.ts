/** `npm run hil`: runs every suite on a station, and says what came of it in words, JSON, JUnit's XML and one page. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { execa } from "execa";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { countOf, type Report, reportSchema } from "../report/report.ts";
import { listStations, loadStation } from "./stations.ts";

const usage = `Runs the suites of hardware-in-loop/suites on a station: a board on a bench, an emulated one, or this machine.

  npm run hil -- --station NAME       one station
  npm run hil -- --all                every station that needs no board on a bench
  npm run hil -- --list               the stations, and what each provides

  --out DIR     where the report goes    (.cache/hil/<station>)
  -t TEXT       only tests whose names have this
  --json        print the report as JSON
  --help        this text

Exit code: 0 where nothing failed and something passed, 1 else, 2 misused.
`;

type Wish = { readonly out: string | undefined; readonly only: string | undefined; readonly json: boolean };

async function main(args: readonly string[]): Promise<number> {
  const { values } = read(args);
  const wish = { out: values.out, only: values.only, json: values.json ?? false };
  if (values.help) return say(usage);
  if (values.list) return say(await describeStations());
  if (values.all) return runAll(wish);
  if (values.station !== undefined) return runOne(values.station, wish);
  process.stderr.write(usage);
  return 2;
}

function read(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        station: text,
        all: flag,
        list: flag,
        out: text,
        only: { ...text, short: "t" },
        json: flag,
        help: flag,
      },
    });
  } catch (cause) {
    throw new BulkheadError("USAGE", cause instanceof Error ? cause.message : String(cause), {
      cause,
      remedy: "npm run hil -- --help lists what there is",
    });
  }
}

async function runAll(wish: Wish): Promise<number> {
  const stations = await Promise.all((await listStations()).map(loadStation));
  const codes: number[] = [];
  for (const { station } of stations) {
    if (station.target.kind !== "board") codes.push(await runOne(station.station, wish));
  }
  return Math.max(...codes);
}

async function runOne(name: string, { out, only, json }: Wish): Promise<number> {
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
      env: { BULKHEAD_HIL_STATION: name, BULKHEAD_HIL_OUT: directory },
      cwd: bulkheadDirectory,
      reject: false,
      stdin: "ignore",
      stdout: json ? process.stderr : "inherit",
      stderr: "inherit",
    },
  );
  const report = await readReport(directory);
  const [passed, failed, skipped] = (["passed", "failed", "skipped"] as const).map((one) => countOf(report, one));
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.stderr.write(`${relative(process.cwd(), directory)}: report.html, report.json, junit.xml\n`);
  process[json ? "stderr" : "stdout"].write(`${passed} passed, ${failed} failed\n`);
  if (skipped) process.stderr.write(`${skipped} left out, each with its reason\n`);
  return exitCode === 0 && passed && !failed ? 0 : 1;
}

async function readReport(directory: string): Promise<Report> {
  const text = await readFile(join(directory, "report.json"), "utf8").catch((cause: unknown) => {
    throw new BulkheadError("TARGET_NOT_REACHED", "the run ended without a report; what it said stands above", {
      cause,
    });
  });
  return reportSchema.parse(JSON.parse(text));
}

async function describeStations(): Promise<string> {
  const stations = await Promise.all((await listStations()).map(loadStation));
  return stations
    .map(({ station: { station, title, capabilities } }) => `${station}  ${title}\n  ${capabilities.join(", ")}\n`)
    .join("");
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = error instanceof BulkheadError && error.code === "USAGE" ? 2 : 1;
}
