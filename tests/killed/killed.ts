/** A real device process, killed at random instants of its updates, started again, and held to what it had said. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { verifyInstalled } from "../../runtime/src/generations/install.ts";
import { type GenerationRecord, keptDigests, whyBad } from "../../runtime/src/generations/record.ts";
import { readRecord } from "../../runtime/src/generations/slots.ts";
import { openFloorClock } from "../../runtime/src/verifier/clock-floor.ts";
import { type MadeWorld, makeWorld } from "./world.ts";

const program = join(import.meta.dirname, "device-process.ts");
let made: MadeWorld;
/** What the first update of a process takes here, and now: lives are up to a half longer. */
let updateMs = 0;

/**
 * Devices with `updates` before them, so that they are killed in the middle of some, `kills` times in all. Returns what they had said last when they were killed, and how
 * often.
 */
export async function killDevices(kills: number, updates: number): Promise<ReadonlyMap<string, number>> {
  made = await makeWorld(updates);
  try {
    await measureUpdate();
    return await killAll(kills);
  } finally {
    await made.remove();
  }
}

/** One that nobody kills, to its end. */
async function measureUpdate(): Promise<void> {
  const said: Said = { committed: 1, rolledBack: new Set(), last: "" };
  const root = await made.flash();
  await lives(root, said, () => {
    const beganMs = performance.now();
    said.onCommitted = () => {
      updateMs ||= performance.now() - beganMs;
    };
  });
  expect(said.last).toBe("ends");
  await expectDone(root, await recordOf(root));
}

/** What a device has said so far; none of it may be taken back. */
type Said = { committed: number; readonly rolledBack: Set<number>; last: string; onCommitted?: () => void };

async function killAll(kills: number): Promise<ReadonlyMap<string, number>> {
  const killedAfter = new Map<string, number>();
  let killed = 0;
  let devices = 0;
  while (killed < kills) {
    const root = await made.flash();
    devices += 1;
    const said: Said = { committed: 1, rolledBack: new Set(), last: "" };
    let before = await recordOf(root);
    while (killed < kills && (await lives(root, said, killLater))) {
      killed += 1;
      const what = said.last.replace(/ \d.*/, "");
      killedAfter.set(what, (killedAfter.get(what) ?? 0) + 1);
      before = await expectSound(root, said, before);
      if (killed % 50 === 0) tell(killed, devices, killedAfter);
    }
    if (killed === kills) await lives(root, said, () => undefined);
    await expectDone(root, before);
  }
  tell(killed, devices, killedAfter);
  return killedAfter;
}

function tell(killed: number, devices: number, killedAfter: ReadonlyMap<string, number>): void {
  const where = [...killedAfter].map(([what, times]) => `${times} after "${what}"`).join(", ");
  process.stdout.write(`${killed} kills of ${devices} devices, an update takes ${Math.round(updateMs)} ms: ${where}\n`);
}

/** One life of the device; false where it came to its end before it was killed. */
async function lives(root: string, said: Said, begun: (child: ChildProcess) => void): Promise<boolean> {
  // One that comes to its end leaves the others its compiled code.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(made.file, "../compiled") };
  const child = spawn(process.execPath, [program, root, made.file], { env, stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint += data;
  });
  const gone = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "begins") begun(child);
    expect(line, "a device that was only killed has nothing to warn of").not.toMatch(
      /^warning: (?!.*is given up: .*|refused)/,
    );
    hear(line, said);
  }
  const [code, signal] = await gone;
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`the device ended by itself (${code}): ${complaint}`);
  return signal === "SIGKILL";
}

function killLater(child: ChildProcess): void {
  setTimeout(() => child.kill("SIGKILL"), Math.random() * 1.5 * updateMs);
}

function hear(line: string, said: Said): void {
  said.last = line;
  const counter = Number(/ (\d+)/.exec(line)?.[1]);
  if (line.startsWith("committed")) {
    said.committed = counter;
    said.onCommitted?.();
  }
  if (line.startsWith("rolled back")) said.rolledBack.add(counter);
}

async function recordOf(root: string): Promise<GenerationRecord> {
  const record = await readRecord(join(root, "data"));
  if (!record) throw new Error("there is no device");
  return record;
}

async function expectSound(root: string, said: Said, before: GenerationRecord): Promise<GenerationRecord> {
  const record = await recordOf(root);
  const { current, trying } = record;
  expect(current.releaseCounter).toBeGreaterThanOrEqual(said.committed);
  for (const floor of ["releaseCounterFloor", "securityEpochFloor", "lastGeneration"] as const) {
    expect(record[floor]).toBeGreaterThanOrEqual(before[floor]);
  }
  expect(record.releaseCounterFloor).toBe(current.releaseCounter);
  expect(record.uidNumbers).toMatchObject(before.uidNumbers);
  if (trying && trying.generation === before.trying?.generation) {
    expect(trying.triesLeft).toBeLessThanOrEqual(before.trying.triesLeft);
  }
  // Old and new are whole, whichever is started.
  for (const { digest } of [current, trying].filter((one) => one !== null))
    await verifyInstalled(join(root, "data"), digest);
  for (const counter of said.rolledBack) expect(whyBad(record, digestOf(counter))).toBeDefined();
  const { floorMs } = await openFloorClock(join(root, "verifier"), 0);
  const endorsed = trying ?? (said.committed > 1 ? current : null);
  if (endorsed) expect(floorMs).toBeGreaterThan(0);
  return record;
}

const digestOf = (counter: number) => made.world.releases.find((release) => release.counter === counter)?.digest ?? "";

/** It has the newest that is good, and the disk holds nothing that it does not need. */
async function expectDone(root: string, before: GenerationRecord): Promise<void> {
  const record = await recordOf(root);
  const good = made.world.releases.filter(({ isBad, digest }) => !isBad && whyBad(record, digest) === undefined);
  expect(record.current.digest).toBe(good.at(-1)?.digest);
  expect(record.securityEpochFloor).toBeGreaterThanOrEqual(before.securityEpochFloor);
  const left = await readdir(join(root, "data", "releases"));
  const rolledBack = made.world.releases.filter(({ digest }) => whyBad(record, digest)).map(({ digest }) => digest);
  expect([...keptDigests(record), ...rolledBack]).toEqual(expect.arrayContaining(left));
  expect(await readdir(join(root, "staging", "blobs"))).toEqual([]);
  expect((await readdir(join(root, "endorsed"))).length).toBeLessThanOrEqual(1);
}
