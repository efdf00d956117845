/** The stimulus of a machine that QEMU emulates: the host's side, reached by two sockets of its process. */
import type { EmulatedBoard } from "../boards/board.ts";
import { connectQmp, type Qmp } from "./qmp.ts";
import { connectQtest, type Qtest } from "./qtest.ts";
import { requestSchema, type Stimulus, type StimulusAnswer, type StimulusRequest } from "./stimulus.ts";

/** To be given to QEMU. `-qtest` alone leaves the clock and the processors as they are. */
export function stimulusArguments(file: (name: string) => string): string[] {
  const socket = (name: string) => `unix:${file(name)},server=on,wait=off`;
  return ["-qmp", socket("qmp"), "-qtest", socket("qtest"), "-qtest-log", "/dev/null"];
}

type Banks = Pick<EmulatedBoard, "name" | "banks">;

export type MachineStimulus = Stimulus & { close(): void };

/** `file`: where the sockets of `stimulusArguments` are. They are opened when they are first needed. */
export function createMachineStimulus(board: Banks, file: (name: string) => string): MachineStimulus {
  let qmp: Promise<Qmp> | undefined;
  let qtest: Promise<Qtest> | undefined;
  let watched: number | undefined;
  const openQtest = () => {
    qtest ??= connectQtest(file("qtest"));
    return qtest;
  };
  return {
    async pin(bank, line, level) {
      const path = pathOf(board, bank, line);
      await (await openQtest()).drive(path, line, level);
    },
    async output(bank, line) {
      const path = pathOf(board, bank, line);
      if (watched !== undefined && watched !== bank) throw new Error(`bank ${watched} is watched: QEMU watches one`);
      const connection = await openQtest();
      if (watched === undefined) await connection.watch(path);
      watched = bank;
      return connection.level(line);
    },
    async temperature(id, milliCelsius) {
      qmp ??= connectQmp(file("qmp"));
      const path = `/machine/peripheral/${id}`;
      await (await qmp).execute("qom-set", { path, property: "temperature", value: milliCelsius });
    },
    async lineBreak(end) {
      qmp ??= connectQmp(file("qmp"));
      await (await qmp).execute("chardev-send-break", { id: end });
    },
    close() {
      for (const connection of [qmp, qtest]) connection?.then((open) => open.close()).catch(() => undefined);
    },
  };
}

/** QEMU's path of a bank. A line that it does not have would end QEMU. */
function pathOf(board: Banks, bank: number, line: number): string {
  const found = board.banks[bank];
  if (found === undefined) throw new Error(`${board.name} has ${board.banks.length} banks of pins, and none ${bank}`);
  if (line >= found.lines) throw new Error(`bank ${bank} of ${board.name} has ${found.lines} lines, and none ${line}`);
  return found.path;
}

/** Does what a request (JSON) asks for, and answers in JSON: what cannot be done is an answer as well. */
export async function answerRequest(stimulus: Stimulus, text: string): Promise<string> {
  const answer = await Promise.resolve()
    .then(() => perform(stimulus, requestSchema.parse(JSON.parse(text))))
    .catch((error: Error): StimulusAnswer => ({ refused: error.message }));
  return JSON.stringify(answer);
}

async function perform(stimulus: Stimulus, request: StimulusRequest): Promise<StimulusAnswer> {
  switch (request.what) {
    case "output":
      return { level: await stimulus.output(request.bank, request.line) };
    case "pin":
      await stimulus.pin(request.bank, request.line, request.level);
      return { done: true };
    case "temperature":
      await stimulus.temperature(request.id, request.milliCelsius);
      return { done: true };
    case "break":
      await stimulus.lineBreak(request.end);
      return { done: true };
  }
}
