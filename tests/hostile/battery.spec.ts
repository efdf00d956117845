/** The battery of hostile components: everything that is tried, fails, and the same outside of a sandbox does not. */
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameReader } from "@bulkhead/sdk";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll, until } from "../../runtime/src/root-server/testing/bench.ts";
import { exchanges, lineOfExchange, rightExchange } from "./attempts/frames.ts";
import { type Attempt, allAttempts, lineOf } from "./attempts/index.ts";
import { type Battery, bootBattery } from "./boot.ts";
import { errorName } from "./error-name.ts";

type Outcome = { readonly succeeded: boolean; readonly step: number; readonly error: string };

let battery: Battery;
let rows: Attempt[];
let place: string;
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

function parseOutcomes(lines: readonly string[]): Map<number, Outcome> {
  return new Map(
    lines.map((line) => {
      const [index, word, step = "0", number = "0"] = line.split(" ");
      return [Number(index), { succeeded: word === "succeeded", step: Number(step), error: errorName(Number(number)) }];
    }),
  );
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
    expect(await innocents()).toEqual(["the host keeps its name", "the caller calls"]);
    console.log(`${met.length} attempts by system calls, ${met.length} refused`);
  });

  test("is held by its sandbox and not by chance: outside, the same calls pass", async () => {
    const outside = await tryOutside(rows);
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
});

function isAsExpected({ control }: Attempt, outcome: Outcome | undefined): boolean {
  if (control === "never") return outcome === undefined;
  if (outcome === undefined) return false;
  if (control === "succeeds") return outcome.succeeded;
  return control === "unsure" || outcome.succeeded || !["EPERM", "EACCES", "ENOSYS"].includes(outcome.error);
}

/** `closed`, or the code or result of call 1, whatever came first. */
function metIn(line: string): string {
  const [, state = "", bytes = ""] = line.split(" ");
  let met = state;
  createFrameReader((message) => {
    const [kind, id, error, result] = message as [number, unknown, { code: string } | null, unknown];
    if (kind === 1 && id === 1) met = error?.code ?? String(result);
  }).push(Buffer.from(bytes, "hex"));
  return met;
}

/** What everybody else notices of it. */
async function innocents(): Promise<string[]> {
  const noticed: string[] = [];
  const name = (await readFile("/proc/sys/kernel/hostname", "utf8")).trim();
  if (name !== "hostile") noticed.push("the host keeps its name");
  const before = (await battery.read("caller", "calls")).length;
  await until(async () => (await battery.read("caller", "calls")).length > before, "the caller to call");
  noticed.push("the caller calls");
  return noticed;
}

/** Runs those that do no harm as root of the host, each in mounts of its own. */
async function tryOutside(attempts: readonly Attempt[]): Promise<Map<number, Outcome>> {
  const program = `/proc/${await battery.pidOf("raw")}/root/app/main`;
  const [ask, said] = [join(place, "ask"), join(place, "said")];
  const lines = attempts.map((row, index) => (row.control === "never" ? "" : lineOf(row, index)));
  await writeFile(ask, `${lines.filter((line) => line !== "").join("\n")}\n`);
  await execa(program, [ask, said]);
  return parseOutcomes((await readFile(said, "utf8")).trimEnd().split("\n"));
}
