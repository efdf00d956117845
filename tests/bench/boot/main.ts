/**
 * From the start of a root server to ten ready components; then the same in a whole system, with all core servers. `--rounds N`
 * (default 5), `--bare`: without the whole system, `--json`: only the line of JSON.
 */
import { parseArgs } from "node:util";
import { figure, loadNow, machine, median } from "../figures.ts";
import { type FullSystem, startFullSystem } from "../full-system.ts";
import { usesOf } from "../memory/groups.ts";
import { flashIdle } from "./idle-device.ts";
import { bootOnce, type Round, readyPattern } from "./round.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, bare: { type: "boolean" }, rounds: { type: "string", default: "5" } },
});
const targetMs = 1200;
const fullRounds = 3;
const say = (text: string) => void (values.json ? undefined : process.stderr.write(`${text}\n`));

async function bootTen(): Promise<Round[]> {
  const device = await flashIdle();
  const rounds: Round[] = [];
  try {
    // The first one reads everything from the disk; it is not counted.
    await bootOnce(device);
    for (let round = 1; round <= Number(values.rounds); round++) {
      rounds.push(await bootOnce(device));
      say(`round ${round}: ${rounds.at(-1)?.allReadyMs} ms`);
    }
  } finally {
    await device.remove();
  }
  return rounds;
}

/** The root server is killed, and comes back by itself; returns from its start to all ready. */
async function bootFull(): Promise<{ components: number; allReadyMs: number[] }> {
  say("a whole system is built and started");
  const system = await startFullSystem();
  try {
    for (let round = 1; round <= fullRounds; round++) await restartRoot(system);
    const times = [...(await system.log()).matchAll(new RegExp(readyPattern, "gm"))].map(([, , , ms]) => Number(ms));
    const components = (await usesOf(system.instance)).length;
    return { components, allReadyMs: times.slice(-fullRounds) };
  } finally {
    await system.end();
  }
}

async function restartRoot(system: FullSystem): Promise<void> {
  const count = async () => (await system.log()).match(new RegExp(readyPattern, "gm"))?.length ?? 0;
  const before = await count();
  process.kill(await system.rootServer(), "SIGKILL");
  const endMs = performance.now() + 30_000;
  while ((await count()) === before) {
    if (performance.now() > endMs) throw new Error("the root server did not come back within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const loadBefore = loadNow();
const rounds = await bootTen();
const full = values.bare ? null : await bootFull();
const middle = (key: keyof Round) => median(rounds.map((round) => round[key]));
const best = Math.min(...rounds.map(({ allReadyMs }) => allReadyMs));
const load = { before: loadBefore, after: loadNow() };
const lines: [what: string, value: string][] = [
  ["ten components, from the root server's start to all ready", `${figure(middle("allReadyMs"), 0)} ms (best ${best})`],
  ["  until the generation begins: root server, host, directories", `${figure(middle("preludeMs"), 0)} ms`],
  [
    "  from there until the first of the ten is executed, and the last",
    `${figure(middle("firstExecutedMs"), 0)} ms, ${figure(middle("lastExecutedMs"), 0)} ms`,
  ],
  [
    "  of each: Node starts, its bundle is loaded, it hears `start`",
    `${figure(middle("nodeMs"), 0)} + ${figure(middle("bundleMs"), 0)} + ${figure(middle("greetingMs"), 0)} ms`,
  ],
  ["processor time of all, which no order of starts makes less", `${figure(middle("cpuMs"), 0)} ms`],
  [
    "  of these the root server with its helpers; each component",
    `${figure(middle("rootCpuMs"), 0)} ms; ${figure(middle("componentCpuMs"), 0)} ms`,
  ],
  ...(full
    ? [
        [
          `all ${full.components} components of a whole system`,
          `${figure(median(full.allReadyMs), 0)} ms (best ${Math.min(...full.allReadyMs)})`,
        ] as [string, string],
      ]
    : []),
];
if (!values.json) {
  const width = Math.max(...lines.map(([what]) => what.length));
  console.log(
    `Medians of ${rounds.length} starts with warm files, ${full?.allReadyMs.length ?? 0} of the whole system.\n`,
  );
  console.log(lines.map(([what, value]) => `${what.padEnd(width)}  ${value}`).join("\n"));
  const isReached = middle("allReadyMs") <= targetMs;
  console.log(
    `\n${isReached ? "reached    " : "not reached"}  ten components: ${middle("allReadyMs")} ms (at most ${targetMs})`,
  );
  console.log(`Node ${process.version}; load average before and after: ${load.before} ${load.after}`);
  console.log(
    "Not in it: the start of the kernel, and verify, which begins when all are ready. The ten have two stand-ins of a few",
  );
  console.log(
    "lines beside them, for message server and verifier. Under load the ratio to the processor time is what can be compared.",
  );
}
const reached = { targetMs, measuredMs: middle("allReadyMs"), reached: middle("allReadyMs") <= targetMs };
console.log(JSON.stringify({ bench: "boot", machine: machine(), load, rounds, full, target: reached }));
process.exit();
