/** The battery of hostile components, short: everything that is tried fails. `npm run prove -- hostile` does it for longer. */
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type LogLine, logLineSchema } from "@bulkhead/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll, until } from "../../runtime/src/root-server/testing/bench.ts";
import { lineRate } from "../../runtime/src/serial-server/rate-limit.ts";
import { fewTellings, lineOfTelling } from "./attempts/control.ts";
import { exchanges, lineOfExchange, rightExchange } from "./attempts/frames.ts";
import { type Attempt, allAttempts, lineOf } from "./attempts/index.ts";
import { bombs, throwBomb } from "./bombs.ts";
import { type Battery, bootBattery } from "./boot.ts";
import { readCalls, type Window } from "./neighbour.ts";
import { isAsExpected, metIn, parseOutcomes, tryOutside } from "./outcomes.ts";

let battery: Battery;
let rows: Attempt[];
let place: string;
/** Those that nothing may happen to. */
const innocents = ["caller", "echo", "reader", "raw", "serial-server", "message-server", "verifier"];
let before: Record<string, number>;
const servers: Server[] = [];

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "bulkhead-hostile-"));
  await chmod(place, 0o755);
  const hostName = `bulkhead-hostile-${randomUUID()}`;
  const hostPath = `/run/${hostName}`;
  const port = await listen(0);
  await listen(`\0${hostName}`);
  await listen(hostPath);
  await chmod(hostPath, 0o777);
  battery = await bootBattery();
  before = Object.fromEntries(await Promise.all(innocents.map(async (name) => [name, await battery.pidOf(name)])));
  const { dataDir } = battery.device;
  rows = allAttempts({
    host: process.pid,
    caller: await battery.pidOf("caller"),
    dataDir,
    hostName,
    hostPath,
    hostPort: port,
  });
});
afterAll(async () => {
  await cleanUpAll();
  for (const server of servers) server.close();
  await rm(place, { recursive: true, force: true });
});

async function listen(where: number | string): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  await new Promise<void>((resolve) => {
    if (typeof where === "number") server.listen(where, "127.0.0.1", resolve);
    else server.listen(where, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** All that stood on the console, as its reader kept it. */
async function readConsole(): Promise<LogLine[]> {
  const kept = (await battery.read("reader", "console")).toString().split("\n").slice(0, -1);
  return kept.map((line) => logLineSchema.parse(JSON.parse(line)));
}

describe("[K7] a hostile component", () => {
  test("makes no system call that it must not make", async () => {
    const inside = parseOutcomes(await battery.ask("raw", rows.map(lineOf)));
    const met = rows.map(({ name }, index) => ({ name, ...inside.get(index) }));
    expect(met.filter(({ succeeded }) => succeeded !== false)).toEqual([]);
    // What is not implemented would be refused by no sandbox.
    expect(met.filter(({ error }) => error === "ENOSYS").map(({ name }) => name)).toEqual([
      "clone a process by clone3",
      "clone into one by clone3",
      "make a call that no kernel has",
    ]);
    expect(hostname()).not.toBe("hostile");
    console.log(`${met.length} attempts by system calls, ${met.length} refused`);
  });

  test("is held by its sandbox and not by chance: outside, the same calls pass", async () => {
    const outside = await tryOutside(battery, place, rows);
    const wrong = rows.filter((row, index) => !isAsExpected(row, outside.get(index)));
    expect(wrong.map(({ name }) => [name, outside.get(rows.findIndex((row) => row.name === name))])).toEqual([]);
    const count = (control: Attempt["control"]) => rows.filter((row) => row.control === control).length;
    console.log(`outside: ${count("succeeds")} succeed, ${count("let in")} are let in, ${count("never")} were not run`);
  });

  test("reaches with its own pid 1 no more than itself", async () => {
    // It has the component's uid, so its memory can be read and written.
    const raw = await battery.pidOf("raw");
    const first = Number(/^PPid:\t(\d+)$/m.exec(await readFile(`/proc/${raw}/status`, "utf8"))?.[1]);
    const status = await readFile(`/proc/${first}/status`, "utf8");
    for (const line of ["CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "Seccomp:\t2", "NoNewPrivs:\t1"]) {
      expect(status).toContain(line);
    }
  });

  test("breaks no channel but its own, and gets from it only what the manifest gives", async () => {
    const all = [rightExchange, ...exchanges];
    // Those that wait for a time limit do so on another channel meanwhile.
    const isSlow = (index: number) => (all[index]?.waitMs ?? 0) > 5_000;
    const lines = all.map(lineOfExchange);
    const parts = [lines.filter((_, index) => !isSlow(index)), lines.filter((_, index) => isSlow(index))] as const;
    const said = (await Promise.all([battery.ask("raw", parts[0]), battery.ask("bomber", parts[1])])).flat();
    const answers = all.map((_, index) => said.find((line) => line.startsWith(`${index} `)));
    const met = all.map(({ name, answer }, index) => ({ name, expected: answer, met: metIn(answers[index] ?? "") }));
    expect(met.filter((row) => !row.expected.split("|").includes(row.met))).toEqual([]);
    expect(JSON.parse((await battery.read("echo", "heard")).toString())).toEqual({
      erased: 0,
      heard: ["caller", "raw"],
    });
    console.log(`${exchanges.length} attempts on a channel, ${exchanges.length} refused`);
  });

  test.each(fewTellings)("tells the root server $name, and is ended for it or not heard", async (telling) => {
    const from = battery.world.lines.length;
    if (telling.said === null) await battery.ask("bomber", [lineOfTelling(telling)]);
    else await battery.end("bomber", lineOfTelling(telling));
    const said = battery.world.lines.slice(from);
    expect(said.filter((line) => telling.said?.test(line))).toHaveLength(telling.said === null ? 0 : 1);
    expect(said.filter((line) => !line.includes(" bomber "))).toEqual([]);
  });

  test("[K4] writes to the console as nobody but itself, and steers no terminal", async () => {
    const hostile = ["2026-01-01T00:00:00Z caller all is well\r\u001b[2J", "\u202eforged\u0000", "\u009b31m \u2028x"];
    const bytes = Buffer.from(`${hostile.join("\n")}\nthe end of forging\n`);
    await battery.ask("raw", [`try 0 |write 1 x:${bytes.toString("hex")} ${bytes.length}`]);
    const lines = await until(async () => {
      const all = await readConsole();
      return all.some(({ text }) => text === "the end of forging") && all;
    }, "the lines on the console");
    const forged = lines.filter(({ text }) => /all is well|forged|31m/.test(text));
    expect(forged.map(({ component }) => component)).toEqual(["raw", "raw", "raw"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(forged.filter(({ text }) => /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/.test(text))).toEqual([]);
  });

  test("uses up what is its own: nobody is restarted, no call of its neighbour fails, and their p99 stays within twice", async () => {
    const undisturbed: Window[] = [];
    const disturbed: Window[] = [];
    const meet = async () => {
      for (const bomb of bombs.filter(({ slow }) => !slow)) {
        const windows = await throwBomb(battery, bomb, 400, 1);
        undisturbed.push(...windows.undisturbed);
        disturbed.push(...windows.disturbed);
      }
      const [calm, met] = [await readCalls(battery, undisturbed), await readCalls(battery, disturbed)];
      console.log(`p99 ${calm.p99Ms.toFixed(2)} ms, disturbed ${met.p99Ms.toFixed(2)} ms in ${met.calls} calls`);
      return { calm, met, isWithin: met.p99Ms <= 2 * calm.p99Ms };
    };
    // Each bomb alone is measured in the long form. All of them once are some thirty calls at the limit: where those say too much, all rounds together say it again.
    let { calm, met, isWithin } = await meet();
    for (let rounds = 1; !isWithin && rounds < 3; rounds++) ({ calm, met, isWithin } = await meet());
    expect(met.calls).toBeGreaterThan(100);
    expect(met.failed).toBe(0);
    expect(met.p99Ms).toBeLessThanOrEqual(2 * calm.p99Ms);
    // It wrote megabytes of lines. What the console takes of them is a burst and then so many a second.
    const taken = (await readConsole()).filter(({ component, stream }) => component === "bomber" && stream === "out");
    const seconds = ((taken.at(-1)?.atMs ?? 0) - (taken[0]?.atMs ?? 0)) / 1000;
    expect(taken.length).toBeGreaterThan(lineRate.burst);
    expect(taken.length).toBeLessThanOrEqual(lineRate.burst + lineRate.perSecond * (seconds + 1));
    for (const [name, pid] of Object.entries(before)) expect([name, await battery.pidOf(name)]).toEqual([name, pid]);
  });
});
