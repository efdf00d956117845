/**
 * From `kill -9` of a provider to the next answer, as its client sees it. Ours (with and without a spare) and the peers
 * take turns, so that what else the machine does meets all of them. Prints a table and one line of JSON.
 */
import { loadavg } from "node:os";
import { measureOurs } from "./ours.ts";
import { measurePeer } from "./peers/measure.ts";
import { erlang, pm2, runit, type Supervisor, s6 } from "./peers/supervisors.ts";

type Row = { name: string; version: string; note: string; samples: number[] };

const rounds = 3;
const perRound = 5;
const isJson = process.argv.includes("--json");
const say = (text: string) => void (isJson || process.stdout.write(`${text}\n`));

const ours: { row: Row; spare: boolean }[] = [true, false].map((spare) => ({
  spare,
  row: {
    name: spare ? "Bulkhead, warm spare" : "Bulkhead, cold",
    version: process.version,
    note: "TypeScript; typed call between two sandboxes with filter and control group, client told by the supervisor",
    samples: [],
  },
}));
const peers: { row: Row; supervisor: Supervisor }[] = [];
const absent: { name: string; why: string }[] = [];
for (const [name, open] of Object.entries({ runit, s6, pm2, erlang })) {
  try {
    const supervisor = await open();
    peers.push({
      supervisor,
      row: { name: supervisor.name, version: supervisor.version, note: supervisor.note, samples: [] },
    });
  } catch (error) {
    absent.push({ name, why: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) });
  }
}

const loadBefore = loadavg()[0];
for (let round = 0; round < rounds; round++) {
  for (const { row, spare } of ours) row.samples.push(...(await measureOurs(spare, perRound)));
  for (const { row, supervisor } of [...peers]) {
    await measurePeer(supervisor, perRound).then(
      (samples) => row.samples.push(...samples),
      (error: Error) => absent.push({ name: row.name, why: error.message }),
    );
  }
}

const at = (samples: readonly number[], share: number) =>
  [...samples].sort((one, other) => one - other)[Math.min(samples.length - 1, Math.floor(samples.length * share))] ??
  Number.NaN;
const table = [...ours, ...peers].map(({ row: { samples, ...row } }) => ({
  ...row,
  ...{
    count: samples.length,
    minMs: at(samples, 0),
    quartileMs: at(samples, 0.25),
    medianMs: at(samples, 0.5),
    p90Ms: at(samples, 0.9),
  },
}));
const load = { before: loadBefore, after: loadavg()[0] };

say("kill -9 of a provider to the next answer at its client, ms");
say("                              min  quartile  median     p90   n  version");
for (const row of table) {
  const figures = [row.minMs, row.quartileMs, row.medianMs, row.p90Ms].map((ms) => ms.toFixed(1).padStart(8)).join("");
  say(`${row.name.padEnd(25)} ${figures} ${String(row.count).padStart(4)}  ${row.version}`);
}
const ratio = (at(ours[1]?.row.samples ?? [], 0.5) / at(peers[0]?.row.samples ?? [], 0.5)).toFixed(2);
if (peers[0]?.supervisor.name === "runit")
  say(`cold is ${ratio} times ${peers[0]?.row.name}, which runs the same bubblewrap command`);
for (const { name, why } of absent) say(`not measured: ${name} (${why})`);
say(`load average before and after: ${load.before} ${load.after}`);
say("Not the same: the peers' server has no filter, control group, readiness or typed calls, and its client polls.");
process.stdout.write(`${JSON.stringify({ bench: "restart", load, table, absent })}\n`);
process.exit(0);
