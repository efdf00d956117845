import { once } from "node:events";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRecord } from "@bulkhead/runtime";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layOut } from "../../../../studio/src/image/disk/layout.ts";
import type { Plan } from "./plan.ts";
import { putRecord } from "./records.ts";

let directory = "";
const file = (name: string) => join(directory, name);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-loader-"));
});
afterEach(() => rm(directory, { recursive: true }));

const filesOf = (slot: string) => ({ kernel: `kernel-${slot}`, archive: "a", deviceTree: "d", words: `slot=${slot}` });

test("[K19] the bench's loader starts the slot of the card's record each time that the board resets itself, and says so on its console", async () => {
  await writeFile(file("card"), "");
  await truncate(file("card"), layOut(1).sizeBytes);
  await putRecord(file("card"), 0, encodeRecord({ turn: "1", current: "a", trying: "b", tries: "iii" }));
  let said = "";
  const console = createServer((socket) => socket.setEncoding("utf8").on("data", (text: string) => (said += text)));
  console.listen(file("console"));
  await once(console, "listening");
  // In the emulator's place: notes what it is to load, and cannot go on at the fifth start.
  const emulator = 'echo "$@" >> "$0"; [ $(wc -l < "$0") -lt 5 ]';
  const plan: Plan = {
    ...{ card: file("card"), console: file("console"), command: ["sh", "-c", emulator, file("started")] },
    slots: { a: filesOf("a"), b: filesOf("b") },
  };
  await writeFile(file("plan"), JSON.stringify(plan));
  const loader = await execa(process.execPath, [join(import.meta.dirname, "main.ts"), file("plan")], { reject: false });
  console.close();
  expect(loader.exitCode).toBe(1);
  const started = (await readFile(file("started"), "utf8")).trim().split("\n");
  const trial =
    "-no-reboot -kernel kernel-b -initrd a -dtb d -append slot=b bulkhead.trial systemd.wants=bulkhead-slot.service";
  const current = "-no-reboot -kernel kernel-a -initrd a -dtb d -append slot=a";
  expect(started).toEqual([trial, trial, trial, current, current]);
  expect(said.match(/^bulkhead: slot .*/gm)).toEqual([
    ...["bulkhead: slot b", "bulkhead: slot b", "bulkhead: slot b"],
    ...["bulkhead: slot b has used up its tries; back to a", "bulkhead: slot a", "bulkhead: slot a"],
  ]);
});
