import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { imx8mmEvk } from "../boards/imx8mm-evk.ts";
import { answerRequest, createMachineStimulus, type MachineStimulus } from "./machine.ts";

// QEMU itself is met in tests/prove/drivers; here a socket hears what would have been said to it.
let directory = "";
let qtest: Server;
let heard: string[];
let stimulus: MachineStimulus;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-stimulus-"));
  heard = [];
  qtest = createServer((socket) => {
    socket.setEncoding("utf8").on("data", (line: string) => {
      heard.push(line.trim());
      socket.write(line.startsWith("irq_intercept_out") ? "OK\nIRQ raise 7\nIRQ lower 8\n" : "OK\n");
    });
  }).listen(join(directory, "qtest"));
  await once(qtest, "listening");
  stimulus = createMachineStimulus(imx8mmEvk, (name) => join(directory, name));
});
afterEach(async () => {
  stimulus.close();
  qtest.close();
  await rm(directory, { recursive: true });
});

const ask = async (request: object) => JSON.parse(await answerRequest(stimulus, JSON.stringify(request)));

test("a pin of a bank is a line of QEMU's controller", async () => {
  expect(await ask({ what: "pin", bank: 3, line: 10, level: 1 })).toEqual({ done: true });
  expect(heard).toEqual(["set_irq_in /machine/soc/gpio4 unnamed-gpio-in 10 1"]);
});

test("what the board does not have never reaches QEMU, which would end itself", async () => {
  const refused = { refused: expect.any(String) };
  expect(await ask({ what: "pin", bank: 0, line: 32, level: 1 })).toEqual(refused);
  expect(await ask({ what: "pin", bank: 5, line: 0, level: 1 })).toEqual(refused);
  expect(await ask({ what: "output", bank: 0, line: 32 })).toEqual(refused);
  expect(await ask({ what: "pin", bank: 0, line: -1, level: 1 })).toEqual(refused);
  expect(await ask({ what: "pin", bank: 0, line: 1, level: "1\nquit" })).toEqual(refused);
  expect(await ask({ what: "temperature", id: "../peripheral/x", milliCelsius: 1 })).toEqual(refused);
  expect(await ask({ what: "break", end: "loop,id=qmp" })).toEqual(refused);
  expect(await ask({ what: "quit" })).toEqual(refused);
  expect(heard).toEqual([]);
});

test("outputs are known from when they are first asked for, in one bank", async () => {
  expect(await ask({ what: "output", bank: 2, line: 1 })).toEqual({ level: null });
  expect(await ask({ what: "output", bank: 2, line: 7 })).toEqual({ level: 1 });
  expect(await ask({ what: "output", bank: 2, line: 8 })).toEqual({ level: 0 });
  expect(await ask({ what: "output", bank: 1, line: 8 })).toEqual({ refused: expect.stringContaining("bank 2") });
  expect(heard).toEqual(["irq_intercept_out /machine/soc/gpio3"]);
});

test("a machine that is off is an answer as well", async () => {
  expect(await ask({ what: "temperature", id: "thermometer", milliCelsius: 1 })).toEqual({
    refused: expect.stringContaining("ENOENT"),
  });
});
