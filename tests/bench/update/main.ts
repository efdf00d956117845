/**
 * An update of one component of ten in a whole system: bytes in the tunnel, what a client of an unchanged and of the changed component
 * sees, and how long it takes. `--rounds N` (default 3), `--json`: only the line of JSON.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BuiltRelease } from "../../../studio/src/build/index.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { stateDirectory } from "../../../studio/src/run/instance.ts";
import { launch } from "../../../studio/src/run/launcher.ts";
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

/** The same system with other code, and another version, in `changing`. Each is larger than the one before by a line of text. */
async function change(number: number): Promise<void> {
  await cp(join(import.meta.dirname, "system"), scratch, { recursive: true });
  await edit(manifest, (text) => text.replace(/^version: .*$/m, `version: 1.${number}.0`));
  await edit(
    join(scratch, "changing/main.ts"),
    (text) => `${text}\nexport const edition = ${number};\nconsole.log(edition);\n`,
  );
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

async function measure(): Promise<Round[]> {
  await change(1);
  const options = { name, manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const running = await launch(options, showProgress());
  const rounds: Round[] = [];
  try {
    let before = running.release;
    for (let round = 1; round <= Number(values.rounds); round++) {
      await change(round + 1);
      const built = await running.build(manifest, round + 1);
      const [artifact, ...others] = newIn(built, before);
      if (artifact === undefined || others.length > 0) throw new Error("the change did not change one artifact");
      const artifactBytes = await compressedBytes(built, [artifact]);
      const wholeBytes = await compressedBytes(built, [
        ...new Set(built.release.artifacts.map(({ digest }) => digest)),
      ]);
      const idle = await measureIdle(running, idleMs);
      const update = await measureUpdate(running, join(running.paths.logDir, "greenhouse-1.log"), built);
      rounds.push({ ...update, artifactBytes, wholeBytes, idle });
      before = built;
    }
  } finally {
    await running.stop();
    await rm(stateDirectory(name, bulkheadDirectory), { recursive: true, force: true });
  }
  return rounds;
}

const loadBefore = loadNow();
const rounds = await measure().finally(() => rm(scratch, { recursive: true }));
const load = { before: loadBefore, after: loadNow() };
const middle = (of: (round: Round) => number) => median(rounds.map(of));
const worst = (of: (round: Round) => number) => Math.max(...rounds.map(of));
/** What went to the device for the update, without what goes there anyhow. */
const moved = ({ toDevice, idle, untilCommitMs }: Round) => toDevice - (idle.toDevice * untilCommitMs) / idleMs;
const ratioOf = (round: Round) => moved(round) / round.artifactBytes;
const ratio = middle(ratioOf);
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
  const judged: [string, boolean][] = [
    [`bytes at most ${targets.bytesOfArtifact} of the artifact: ${figure(ratio, 2)}`, ratio <= targets.bytesOfArtifact],
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
console.log(JSON.stringify({ bench: "update", machine: machine(), load, targets, rounds }));
process.exit();
