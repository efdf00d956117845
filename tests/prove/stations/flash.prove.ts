/**
 * A board on a bench is flashed as `npm run hil -- --flash` does it: power off, its card to the bench, written by `bulkhead flash` with a token, given back,
 * power on; it starts from it and enrols itself. The board is QEMU's `virt`; its multiplexer renames a file, so that the card is never at both ends.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { loadStation } from "../../../hardware-in-loop/run/stations.ts";
import type { StationFlash } from "../../../hardware-in-loop/station/real-board.ts";
import { writeSystem } from "../../../hardware-in-loop/system/write.ts";
import { openBoard } from "../../../hardware-in-loop/target/board.ts";
import type { Card } from "../../../hardware-in-loop/target/emulated/card.ts";
import { openImageFor } from "../../../hardware-in-loop/target/emulated/image.ts";
import { type Machine, prepareMachine } from "../../../hardware-in-loop/target/emulated/machine.ts";
import { machines } from "../../../hardware-in-loop/target/emulated/machines.ts";
import { type Server, startServer } from "../../../hardware-in-loop/target/emulated/server.ts";
import { openWire, type Wire } from "../../../hardware-in-loop/target/emulated/wire.ts";
import { type BoardFlash, flashBoard } from "../../../hardware-in-loop/target/flash/flash.ts";
import { writeBy } from "../../../hardware-in-loop/target/flash/write.ts";
import { buildableOf } from "../../../studio/src/image/board.ts";
import { partition } from "../../../studio/src/image/disk/layout.ts";

const boundMs = 1_500_000;
const name = "qemu-virt-arm64";
const device = "bench-1";
const machine = machines[name];
const done: string[] = [];
let directory: string;
let server: Server;
let wire: Wire;
let power: Machine;
let options: BoardFlash;
const path = (file: string) => join(directory, file);

/** What the partition `identity` of a disk has, without its zeroes. */
async function identityIn(file: string): Promise<string> {
  const { startBytes, sizeBytes } = partition("identity");
  const disk = await open(file, "r");
  const { buffer } = await disk.read(Buffer.alloc(sizeBytes), 0, sizeBytes, startBytes).finally(() => disk.close());
  return buffer.toString("utf8").replace(/\0+$/, "");
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
  server = await startServer("bench");
  const { station, board } = await loadStation(`emulated/${name}`);
  const manifest = await writeSystem(station, board, path("system"));
  const buildable = buildableOf(board);
  const image = join(await openImageFor(buildable, manifest, server.note), `${name}.img`);
  await writeFile(path("card"), "");
  await truncate(path("card"), machine.cardBytes);
  wire = await openWire(path("console"), path("console.log"));
  const under = { world: server.world, namespace: server.namespace, logFile: path("board.log") };
  // The board's own loader reads the card by itself.
  const card = {} as Card;
  power = await prepareMachine({ ...under, machine, board: buildable, directory, card, image });
  options = {
    image,
    board,
    target: { server: server.name, device },
    flash: {
      kind: "disk",
      to: path("at-the-bench"),
      before: ["mv", path("card"), path("at-the-bench")],
      after: ["mv", path("at-the-bench"), path("card")],
      boundMs: 60_000,
    },
    power: {
      async on() {
        done.push(`on, ${existsSync(path("card")) ? "the card at the board" : "no card"}`);
        await power.start();
      },
      async off() {
        done.push("off");
        await power.kill();
      },
    },
    client: server.client,
    consoleFile: path("first-start.log"),
    signal: new AbortController().signal,
    note: server.note,
    enrolMs: boundMs,
  };
}, boundMs);
afterAll(async () => {
  await power?.kill();
  wire?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

test("[K19] a card that cannot be written is given back as it was, and the board gets its power", async () => {
  await truncate(path("card"), 1024 * 1024);
  await expect(flashBoard(options)).rejects.toMatchObject({ code: "STATION_FAILED" });
  expect(done.splice(0)).toEqual(["off", "on, the card at the board"]);
  expect(await server.client.devices()).toEqual([]);
  await truncate(path("card"), machine.cardBytes);
});

test("[K19] a program is given a copy of the image that has the board's token, and nothing else has it afterwards", async () => {
  const memory = path("memory");
  await mkdir(path("tmp"));
  vi.stubEnv("TMPDIR", path("tmp"));
  onTestFinished(() => void vi.unstubAllEnvs());
  // It writes down the path that it was given.
  const program = 'printf %s "$1" >"$3" && cp --sparse=always "$1" "$2"';
  const flash: StationFlash = {
    kind: "program",
    command: ["sh", "-c", program, "sh", "{image}", memory, path("given")],
    boundMs: 60_000,
  };
  const { image, board, signal } = options;
  await writeBy(flash, { image, board, server: server.name, device: "bench-2", signal });
  const [given, kept] = await Promise.all([memory, image].map(identityIn));
  expect(JSON.parse(given ?? "")).toMatchObject({ invitation: { name: "bench-2" } });
  expect(kept).toBe("");
  const below = `${path("tmp")}/`;
  expect(await readFile(path("given"), "utf8")).toSatisfy((file: string) => file.startsWith(below));
  expect(await readdir(path("tmp"))).toEqual([]);
  // One that fails gives no board its token.
  await rm(path("given"));
  const failing = { ...flash, command: ["sh", "-c", 'printf %s "$1" >"$2"; false', "sh", "{image}", path("given")] };
  await expect(
    writeBy(failing, { image, board, server: server.name, device: "bench-3", signal }),
  ).rejects.toMatchObject({ code: "FLASH_WRITE_FAILED", remedy: expect.stringContaining("station's file") });
  expect(await readFile(path("given"), "utf8")).toSatisfy((file: string) => file.startsWith(below));
  expect(await readdir(path("tmp"))).toEqual([]);
});

test("[K19] a board that is flashed starts from its card, enrols itself, and is at its agent", {
  timeout: 2 * boundMs,
}, async () => {
  await flashBoard(options);
  expect(done.splice(0)).toEqual(["off", "on, the card at the board"]);
  expect((await server.client.devices()).map((one) => one.name)).toEqual([device]);
  const target = await openBoard({ kind: "board", server: server.name, device }, "bench.yaml");
  const status = await target.toAgent(boundMs);
  expect(status.mode?.kind ?? "normal").toBe("normal");
  expect(target.toShell).toBeUndefined();
  await target.close();
});
