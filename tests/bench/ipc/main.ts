/**
 * Channels beside what else there is, in one run: the rounds of all take turns, so that what else the machine does meets
 * all alike. `--rounds N` (default 5), `--processes N` (default 24) of the comparison with a build without trace points, `--json`:
 * only the line of JSON.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cleanUpAll } from "../../../runtime/src/root-server/testing/bench.ts";
import { brokered, type Contender, endAll, erlang, type Figures, floor, ours, raw } from "./contenders.ts";
import { type Row, table, targets, traceTargets } from "./report.ts";
import { measureTraceOff } from "./trace-off/measure.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    rounds: { type: "string", default: "5" },
    processes: { type: "string", default: "24" },
  },
});
const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
const say = (text: string) => void (values.json ? undefined : process.stderr.write(`${text}\n`));

async function run(): Promise<void> {
  const all = [
    await floor(),
    await raw(directory),
    await ours(),
    ...(await brokered(directory)),
    await erlang(directory),
  ];
  const contenders = all.filter((one): one is Contender => typeof one !== "string");
  const absent = all.filter((one): one is string => typeof one === "string");
  const rounds = new Map<string, Figures[]>();
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const contender of contenders) {
      say(`round ${round}: ${contender.name}`);
      for (const [name, figures] of Object.entries(await contender.round())) {
        rounds.set(name, [...(rounds.get(name) ?? []), figures]);
      }
    }
  }
  const rows = [...rounds].map(([name, figures]): Row => ({ name, rounds: figures }));
  say("trace off, beside a build without trace points");
  const traceOff = await measureTraceOff(Number(values.processes));
  const reached = [...targets(rows), ...traceTargets(traceOff)];
  const machine = {
    node: process.version,
    kernel: (await import("node:os")).release(),
    cores: (await import("node:os")).cpus().length,
  };
  const peers = contenders.map(({ name, language, version }) => ({ name, language, version }));
  if (!values.json) console.log(table(rows, reached, peers, absent));
  console.log(JSON.stringify({ bench: "ipc", machine, peers, absent, rows, traceOff, targets: reached }));
}

try {
  await run();
} finally {
  endAll();
  await cleanUpAll();
  await rm(directory, { recursive: true, force: true });
}
process.exit();
