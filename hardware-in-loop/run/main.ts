/** `npm run hil`: runs every suite on a station, and says what came of it in words, JSON, JUnit's XML and one page. */
import { parseArgs } from "node:util";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { Interruption } from "../../studio/src/cli/interruption.ts";
import { describeStations, readStations } from "./list.ts";
import { runStation, type Wish } from "./one.ts";
import { describeOutcomes, runInTurn } from "./several.ts";
import { writeStationSystem } from "./station-system.ts";
import { listStations, loadStation } from "./stations.ts";

const usage = `Runs the suites of hardware-in-loop/suites on a station: a board on a bench, an emulated one, or this machine.

  npm run hil -- --station NAME       one station
  npm run hil -- --all                every station that needs no board on a bench
  npm run hil -- --list               the stations, and what each provides

  --flash IMAGE write the board of --station first, as its file says how (\`flash:\`), and wait until it has enrolled
                itself; all that is on it is lost. Without this no run writes a board
  --device NAME what the board is called, in place of the name in its file; with --flash, what it enrols itself as
  --system DIR  write the system of --station into a new folder, for the image of a board on a bench; nothing is run
  --out DIR     where the report goes    (.cache/hil/<station>)
  -t TEXT       only tests whose names have this
  --short       only what fits into five minutes on an emulated board
  --json        print each report as a line of JSON
  --help        this text

Exit code: 0 where nothing failed and something passed, 1 else, 2 misused, 130 interrupted while it flashed.
`;

async function main(args: readonly string[]): Promise<number> {
  const { values } = read(args);
  const { out, only, short = false, json = false, flash, device } = values;
  const wish = { out, only, short, json, flash, device };
  if (values.help) return say(usage);
  if (values.list) return list();
  if ((flash ?? device) !== undefined && (values.station === undefined || values.system !== undefined)) {
    throw new BulkheadError("USAGE", "--flash and --device are for a run of one board", {
      remedy: "give --station NAME",
    });
  }
  if (values.all) return runAll(wish);
  if (values.station !== undefined && values.system !== undefined) {
    return say(await writeStationSystem(values.station, values.system));
  }
  if (values.station !== undefined) {
    // What is misused is no outcome of a run.
    await loadStation(values.station, device);
    return run([values.station], [], wish);
  }
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
        system: text,
        all: flag,
        list: flag,
        flash: text,
        device: text,
        out: text,
        only: { ...text, short: "t" },
        short: flag,
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
  const stations = await readStations(await listStations(), loadStation);
  const isOnBench = (one: (typeof stations)[number]) => "station" in one && one.station.target.kind === "board";
  const namesOf = (some: typeof stations) => some.map(({ name }) => name);
  // One whose file is wrong has its turn, and fails there.
  const others = stations.filter((one) => !isOnBench(one));
  return run(namesOf(others), namesOf(stations.filter(isOnBench)), wish);
}

async function run(names: readonly string[], leftOut: readonly string[], wish: Wish): Promise<number> {
  const outcomes = await runInTurn(names, async (name) => {
    const ran = await runStation(name, wish);
    if (wish.json) process.stdout.write(`${JSON.stringify(ran.report)}\n`);
    return ran;
  });
  process[wish.json ? "stderr" : "stdout"].write(describeOutcomes(outcomes, leftOut));
  return outcomes.every(({ isGood }) => isGood) ? 0 : 1;
}

async function list(): Promise<number> {
  const stations = await readStations(await listStations(), loadStation);
  say(describeStations(stations));
  return stations.every((one) => "station" in one) ? 0 : 1;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  return error instanceof BulkheadError && error.code === "USAGE" ? 2 : 1;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = exitCodeOf(error);
}
