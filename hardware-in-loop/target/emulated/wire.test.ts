import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openShell } from "./shell.ts";
import { openWire, type Wire } from "./wire.ts";

// The board's end of the wire is a socket here; a whole board is met by `npm run hil`.
let directory = "";
let wire: Wire;
let board: Socket;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-wire-"));
  wire = await openWire(join(directory, "console"), join(directory, "log"));
  board = await plugIn();
});
afterEach(async () => {
  board.destroy();
  wire.close();
  await rm(directory, { recursive: true });
});

async function plugIn(): Promise<Socket> {
  const socket = connect(join(directory, "console"));
  await once(socket, "connect");
  return socket;
}

/** A shell that repeats what is typed, as terminals do, and says that each command failed with `code`. */
function answerWith(socket: Socket, said: string, code: number): void {
  socket.setEncoding("utf8").on("data", (typed: string) => {
    const [, number] = /<(\d+):/.exec(typed) ?? [];
    socket.write(`${typed}${said}\r\n<${number}:${code}>\r\n`);
  });
}

test("[K19] what a board says is kept over its starts, and only what comes later is waited for", async () => {
  board.write("Starting kernel ...\n");
  const first = await wire.until(/Starting kernel/, 5000);
  board.destroy();
  board = await plugIn();
  await expect(wire.until(/Starting kernel/, 50, first.end)).rejects.toMatchObject({ code: "TARGET_NOT_REACHED" });
  board.write("again: Starting ker");
  board.write("nel\n");
  await wire.until(/Starting kernel/, 5000, first.end);
  expect(wire.text()).toMatch(/Starting kernel \.\.\.\n.*again/s);
  await expect.poll(() => readFile(join(directory, "log"), "utf8")).toBe(wire.text());
});

test("[K19] a shell's answer is what the command made of it, not the echo of what was typed", async () => {
  answerWith(board, "eth0", 0);
  expect(await openShell(wire).run("ip -br link", 5000)).toContain("eth0");
});

test("[K19] a command that fails on the board says so, with what it said", async () => {
  answerWith(board, "no such file", 2);
  await expect(openShell(wire).run("cat /nothing", 5000)).rejects.toMatchObject({
    code: "DEVICE_FAILED",
    message: expect.stringContaining("exit code 2"),
    remedy: expect.stringContaining("no such file"),
  });
});

test("[K19] a shell is there when it answers, however often it has to be asked", async () => {
  let asked = 0;
  board.setEncoding("utf8").on("data", (typed: string) => {
    asked += 1;
    // What is typed first is lost.
    if (asked > 1) board.write(`<${/<(\d+):/.exec(typed)?.[1]}:0>\n`);
  });
  board.write("root@bulkhead:/# ");
  await openShell(wire, 50).untilThere(5000, 0);
  expect(asked).toBe(2);
});
