/**
 * The boot loader of a board for which there is none that the emulator could run: chooses a slot by the records on the card, starts the emulator
 * with it, and does so again each time that the board resets itself. Arguments: the plan's file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { encodeRecord } from "@bulkhead/runtime";
import { type Choice, chooseSlot } from "./choose.ts";
import { type Plan, planSchema } from "./plan.ts";
import { putRecord, readRecords } from "./records.ts";

/** As the boot script has them. */
const wordsOfTrial = "bulkhead.trial systemd.wants=bulkhead-slot.service";

const plan = planSchema.parse(JSON.parse(await readFile(process.argv[2] ?? "", "utf8")));
// QEMU ends well where the board asks for a reset (-no-reboot), and badly where it cannot go on.
while ((await start(plan, await choose(plan.card))) === 0);
process.exitCode = 1;

async function choose(card: string): Promise<Choice> {
  const choice = chooseSlot(await readRecords(card));
  if (choice.write) await putRecord(card, choice.write.place, encodeRecord(choice.write.record));
  return choice;
}

/** The emulator's exit code, when the board has ended. */
async function start({ console: socket, command, slots }: Plan, { slot, isTrial, said }: Choice): Promise<number> {
  await say(socket, [...said, `bulkhead: slot ${slot}`]);
  const { kernel, archive, deviceTree, words } = slots[slot];
  const line = isTrial ? `${words} ${wordsOfTrial}` : words;
  const loaded = ["-kernel", kernel, "-initrd", archive, "-dtb", deviceTree, "-append", line];
  const emulator = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command, "-no-reboot", ...loaded], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = (await once(emulator, "exit")) as [number | null];
  return code ?? 1;
}

/** On the board's console, where a boot loader says what it does. */
async function say(path: string, lines: readonly string[]): Promise<void> {
  const socket = connect(path);
  await once(socket, "connect");
  socket.end(lines.map((text) => `${text}\r\n`).join(""));
  await once(socket, "close");
}
