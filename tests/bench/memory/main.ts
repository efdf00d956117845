/**
 * What ten idle components are charged, what serves them takes beside that, one component per runner, and ten idle Node processes
 * under other supervisors. `--json`: only the line of JSON.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cleanUpAll } from "../../../runtime/src/root-server/testing/bench.ts";
import { removeCgroups } from "../../../runtime/src/sandbox/index.ts";
import { columns, figure, loadNow, machine, sum } from "../figures.ts";
import { startFullSystem } from "../full-system.ts";
import { ownOf, type Use, usesOf } from "./groups.ts";
import { count, measurePm2, measureRunit } from "./peers.ts";
import { measureRunners } from "./runners.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" } } });
const say = (text: string) => void (values.json ? undefined : process.stderr.write(`${text}\n`));

type Row = Pick<Use, "name" | "pss" | "private" | "processes"> & { charged: number | null; kernel: number | null };
const mebibyte = 2 ** 20;
const targetMB = 110;
/** After the last start: what V8 gives back it has given back by then. */
const settle = () => delay(5000);
const absent: { name: string; why: string }[] = [];

function total(name: string, uses: readonly Use[]): Row {
  const of = (key: "charged" | "pss" | "private" | "processes") => sum(uses.map((use) => use[key]));
  const kernel = sum(uses.map((use) => use.kernel ?? Number.NaN));
  return { name, charged: of("charged"), kernel, pss: of("pss"), private: of("private"), processes: of("processes") };
}

async function measureSystem(): Promise<Row[]> {
  say("a whole system with ten idle components is built and started");
  const system = await startFullSystem();
  try {
    await settle();
    const uses = await usesOf(system.instance);
    const isIdle = ({ name }: Use) => /^idle-\d$/.test(name);
    const core = uses.filter((use) => !isIdle(use));
    const root = await ownOf([await system.rootServer()]);
    return [
      total("ten idle components", uses.filter(isIdle)),
      total(`${core.length} core servers`, core),
      ...core.map((use) => total(`  ${use.name}`, [use])),
      { name: "root server, in no group", charged: null, kernel: null, ...root },
    ];
  } finally {
    await system.end();
  }
}

async function measureAllRunners(): Promise<Row[]> {
  say("one component per runner");
  try {
    const { uses, missing } = await measureRunners(settle);
    for (const name of missing)
      absent.push({ name: `runner of ${name}`, why: "its compiler or runtime is not installed" });
    const words: Record<string, string> = {
      last: "node",
      c: "native, C",
      rust: "native, Rust",
      erlang: "beam, Erlang",
      elixir: "beam, Elixir",
    };
    return uses.map((use) => total(`runner ${words[use.name] ?? use.name}`, [use]));
  } finally {
    await cleanUpAll();
  }
}

async function measurePeers(): Promise<Row[]> {
  const instance = `bench-${process.pid}`;
  const rows: Row[] = [];
  try {
    for (const [name, measure] of Object.entries({ runit: measureRunit, pm2: measurePm2 })) {
      say(`ten idle processes under ${name}`);
      await measure(instance).then(
        ({ version, use, supervisor }) => {
          rows.push(total(`ten under ${name} ${version}`, [use]));
          rows.push({ name: `  ${name} itself`, charged: null, kernel: null, ...supervisor });
        },
        (error: Error) => absent.push({ name, why: error.message.split("\n")[0] ?? "" }),
      );
    }
  } finally {
    await removeCgroups(instance);
  }
  return rows;
}

const loadBefore = loadNow();
const rows = [...(await measureSystem()), ...(await measureAllRunners()), ...(await measurePeers())];
const load = { before: loadBefore, after: loadNow() };
const chargedMB = (rows[0]?.charged ?? Number.NaN) / 1e6;
const target = { targetMB, measuredMB: chargedMB, reached: chargedMB <= targetMB };
if (!values.json) {
  const cell = (bytes: number | null) => figure(bytes === null ? null : bytes / mebibyte);
  const head = ["MiB", "charged", "of it kernel", "PSS", "private", "processes"];
  const body = rows.map((row) => [
    row.name,
    cell(row.charged),
    cell(row.kernel),
    cell(row.pss),
    cell(row.private),
    `${row.processes}`,
  ]);
  console.log(columns([head, ...body]));
  console.log(
    `\n${target.reached ? "reached    " : "not reached"}  ten idle components: ${figure(chargedMB)} MB charged (at most ${targetMB} MB)`,
  );
  for (const { name, why } of absent) console.log(`not measured: ${name} (${why})`);
  console.log(`Node ${process.version}; load average before and after: ${load.before} ${load.after}`);
  console.log(
    "charged: what the control group has, with the kernel's memory for it and files that it was the first to read (the Node binary",
  );
  console.log(
    "is charged to whoever started first, on this machine mostly nobody of these). PSS: shared pages by share. The component's group",
  );
  console.log(
    `holds bubblewrap's pid 1 and Node; bubblewrap's monitor (0.1 MiB private) is outside. Peers run an empty program ${count} times:`,
  );
  console.log(
    "no SDK, no checked calls, no heartbeat; runit's are in the same sandbox without filter, pm2's are bare. The stations of the",
  );
  console.log("runners pass a token on twice a second.");
}
console.log(JSON.stringify({ bench: "memory", machine: machine(), load, rows, absent, target }));
process.exit();
