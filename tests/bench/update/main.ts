/**
 * An update of one component of ten in a whole system: bytes in the tunnel, what a client of an unchanged and of the changed component
 * sees, and how long it takes; then the same of a component that has some 250 kB of data in it, which no compression makes smaller, for the bytes.
 * `--rounds N` (default 3, of each), `--json`: only the line of JSON.
 */
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BuiltRelease } from "../../../studio/src/build/index.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { stateDirectory } from "../../../studio/src/run/instance.ts";
import { launch, type Running } from "../../../studio/src/run/launcher.ts";
import { showProgress } from "../../../studio/src/run/progress.ts";
import { columns, figure, loadNow, machine, median } from "../figures.ts";
import { compressedBytes, measureIdle, measureUpdate, type Update } from "./measure.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, rounds: { type: "string", default: "3" } } });
const idleMs = 6000;
const targets = { bytesOfArtifact: 1.1, unchangedMs: 0, changedMs: 1000 };
const name = `bench-update-${process.pid % 100_000}`;
/** In the checkout: a component finds the SDK there. */
const scratch = await mkdtemp(join(import.meta.dirname, "../../../.cache/bench-update-"));
const manifest = join(scratch, "manifest.yaml");

/** In base64 a third more, which brotli takes away again. */
const dataBytes = 250_000;

/** The same system with other code, and another version, in `changing`: a line of text, or as many bytes of other data as said. */
async function change(number: number, bytes = 0): Promise<void> {
  await cp(join(import.meta.dirname, "system"), scratch, { recursive: true });
  await edit(manifest, (text) => text.replace(/^version: .*$/m, `version: 1.${number}.0`));
  const data = bytes === 0 ? "" : `console.log("${noise(number, bytes)}".includes(String(Date.now())));\n`;
  await edit(
    join(scratch, "changing/main.ts"),
    (text) => `${text}\nexport const edition = ${number};\nconsole.log(edition);\n${data}`,
  );
}

/** The same in each run, and without a pattern. */
function noise(seed: number, bytes: number): string {
  return createHash("shake256", { outputLength: bytes }).update(String(seed)).digest("base64");
}

async function edit(file: string, by: (text: string) => string): Promise<void> {
  await writeFile(file, by(await readFile(file, "utf8")));
}

const newIn = (built: BuiltRelease, before: BuiltRelease): string[] => {
  const known = new Set(before.release.artifacts.map(({ digest }) => digest));
  return built.release.artifacts.flatMap(({ digest }) => (known.has(digest) ? [] : [digest]));
};

type Round = Update & {
  readonly artifactBytes: number;
  readonly wholeBytes: number;
  readonly idle: Awaited<ReturnType<typeof measureIdle>>;
};

async function measure(): Promise<{ rounds: Round[]; large: Round[] }> {
  await change(1);
  const options = { name, manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const running = await launch(options, showProgress());
  const rounds: Round[] = [];
  const large: Round[] = [];
  try {
    let before = running.release;
    for (let number = 2; number <= 1 + 2 * Number(values.rounds); number++) {
      const isLarge = number > 1 + Number(values.rounds);
      await change(number, isLarge ? dataBytes : 0);
      const built = await running.build(manifest, number);
      (isLarge ? large : rounds).push(await measureRound(running, built, before));
      before = built;
    }
  } finally {
    await running.stop();
    await rm(stateDirectory(name, bulkheadDirectory), { recursive: true, force: true });
  }
  return { rounds, large };
}

async function measureRound(running: Running, built: BuiltRelease, before: BuiltRelease): Promise<Round> {
  const [artifact, ...others] = newIn(built, before);
  if (artifact === undefined || others.length > 0) throw new Error("the change did not change one artifact");
  const artifactBytes = await compressedBytes(built, [artifact]);
  const wholeBytes = await compressedBytes(built, [...new Set(built.release.artifacts.map(({ digest }) => digest))]);
  const idle = await measureIdle(running, idleMs);
  const update = await measureUpdate(running, join(running.paths.logDir, "greenhouse-1.log"), built);
  return { ...update, artifactBytes, wholeBytes, idle };
}

const loadBefore = loadNow();
const { rounds, large } = await measure().finally(() => rm(scratch, { recursive: true }));
const load = { before: loadBefore, after: loadNow() };
const middle = (of: (round: Round) => number) => median(rounds.map(of));
const worst = (of: (round: Round) => number) => Math.max(...rounds.map(of));
/** What went to the device for the update, without what goes there anyhow. */
const moved = ({ toDevice, idle, untilCommitMs }: Round) => toDevice - (idle.toDevice * untilCommitMs) / idleMs;
const ratioOf = (round: Round) => moved(round) / round.artifactBytes;
const ratio = middle(ratioOf);
const largeKb = (of: (round: Round) => number) => figure(median(large.map(of)) / 1000, 1);
const largeRatio = median(large.map(ratioOf));
const row = (what: string, of: (round: Round) => number, digits = 0) => [
  what,
  figure(middle(of), digits),
  figure(worst(of), digits),
];
const rows = [
  ["", "median", "worst"],
  row("the changed artifact, compressed, kB", (one) => one.artifactBytes / 1000, 1),
  row("to the device in the tunnel, all overhead, kB", (one) => moved(one) / 1000, 1),
  row("  of the changed artifact", ratioOf, 2),
  row("  of all artifacts of the release, compressed", (one) => moved(one) / one.wholeBytes, 3),
  row("from the device meanwhile (logs, states), kB", (one) => one.fromDevice / 1000, 1),
  row("command to trial, ms", (one) => one.untilTrialMs),
  row("command to commit, ms", (one) => one.untilCommitMs),
  row("longest without an answer of an unchanged component, ms", (one) => one.steady.longestMs),
  row("  the same while nothing is updated", (one) => one.idle.steady.longestMs),
  row("  calls that failed", (one) => one.steady.failed),
  row("longest without an answer of the changed one, ms", (one) => one.changing.longestMs),
  row("  calls that failed", (one) => one.changing.failed),
];
if (!values.json) {
  console.log(`${rounds.length} updates of one component of ten, one after the other.\n\n${columns(rows)}\n`);
  console.log(
    `With data in it, kB: ${largeKb(moved)} to the device for ${largeKb((one) => one.artifactBytes)}: ${figure(largeRatio, 3)}\n`,
  );
  const judged: [string, boolean][] = [
    [`bytes at most ${targets.bytesOfArtifact} of the artifact: ${figure(ratio, 2)}`, ratio <= targets.bytesOfArtifact],
    [`  the same of the larger one: ${figure(largeRatio, 3)}`, largeRatio <= targets.bytesOfArtifact],
    ["no failed call of an unchanged component", worst((one) => one.steady.failed) === 0],
    [
      `the changed one away for at most ${targets.changedMs} ms`,
      middle((one) => one.changing.longestMs) <= targets.changedMs,
    ],
  ];
  for (const [what, isReached] of judged) console.log(`${isReached ? "reached    " : "not reached"}  ${what}`);
  console.log(`Node ${process.version}; load average before and after: ${load.before} ${load.after}`);
  console.log(
    "Bytes are WireGuard's of the peer: metadata, the release's document and the command are in them. Time to commit has the 4 s that a generation must be steady.",
  );
}
console.log(JSON.stringify({ bench: "update", machine: machine(), load, targets, rounds, large }));
process.exit();
