/** The stimulus of a machine that QEMU emulates: the host's side, reached by two sockets of its process. */
import type { EmulatedBoard } from "../boards/board.ts";
import { connectQmp, type Qmp } from "./qmp.ts";
import { connectQtest, type Qtest } from "./qtest.ts";
import { requestSchema, type StimulusAnswer, type StimulusRequest } from "./stimulus.ts";

/** To be given to QEMU. `-qtest` alone leaves the clock and the processors as they are. */
export function stimulusArguments(file: (name: string) => string): string[] {
  const socket = (name: string) => `unix:${file(name)},server=on,wait=off`;
  return ["-qmp", socket("qmp"), "-qtest", socket("qtest"), "-qtest-log", "/dev/null"];
}

export type MachineStimulus = {
  /** Takes and gives JSON; what cannot be done is an answer as well. */
  answer(request: string): Promise<string>;
  close(): void;
};

export function createMachineStimulus(board: EmulatedBoard, file: (name: string) => string): MachineStimulus {
  let qmp: Promise<Qmp> | undefined;
  let qtest: Promise<Qtest> | undefined;
  let watched: number | undefined;
  const bankOf = ({ bank, line }: { bank: number; line: number }) => {
    const found = board.banks[bank];
    if (found === undefined) throw new Error(`${board.name} has ${board.banks.length} banks of pins, and none ${bank}`);
    if (line >= found.lines)
      throw new Error(`bank ${bank} of ${board.name} has ${found.lines} lines, and none ${line}`);
    return found;
  };
  const openQtest = () => {
    qtest ??= connectQtest(file("qtest"));
    return qtest;
  };
  const output = async (request: { bank: number; line: number }): Promise<StimulusAnswer> => {
    const { path } = bankOf(request);
    if (watched !== undefined && watched !== request.bank)
      throw new Error(`bank ${watched} is watched: QEMU can watch one`);
    const connection = await openQtest();
    if (watched === undefined) await connection.watch(path);
    watched = request.bank;
    return { level: connection.level(request.line) };
  };
  const perform = async (request: StimulusRequest): Promise<StimulusAnswer> => {
    if (request.what === "output") return output(request);
    if (request.what === "pin") {
      const { path } = bankOf(request);
      await (await openQtest()).drive(path, request.line, request.level);
    } else {
      qmp ??= connectQmp(file("qmp"));
      const path = `/machine/peripheral/${request.id}`;
      await (await qmp).execute("qom-set", { path, property: "temperature", value: request.milliCelsius });
    }
    return { done: true };
  };
  return {
    answer: async (text) => {
      const answer = await Promise.resolve()
        .then(() => perform(requestSchema.parse(JSON.parse(text))))
        .catch((error: Error): StimulusAnswer => ({ refused: error.message }));
      return JSON.stringify(answer);
    },
    close: () => {
      for (const connection of [qmp, qtest]) connection?.then((open) => open.close()).catch(() => undefined);
    },
  };
}
