import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openSlots } from "../board/index.ts";
import { devicePaths } from "../device/index.ts";
import { slotMounts } from "./slot-mounts.ts";

let directory: string;
let told: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-slot-mounts-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, "view"));
  told = [];
});

async function mountsOf(slot: "a" | "b" | null, reader: number | null) {
  const place = (name: string) => join(directory, name);
  const slots = await openSlots({
    words: slot === null ? "quiet" : `bulkhead.slot=${slot}`,
    records: async () => [place("state-0"), place("state-1")] as const,
    parts: async (slot) => ({ boot: place(`boot-${slot}`), root: place(`root-${slot}`) }),
  });
  const paths = { ...devicePaths({ dataDir: directory, runDir: directory }), view: join(directory, "view") };
  return slotMounts({ slots, paths, log: { line: (text: string) => void told.push(text) } as never }, reader);
}

test("[M11] the agent is shown nothing on a board without slots, and where all have one uid", async () => {
  expect(await mountsOf(null, 65_000)).toEqual([]);
  expect(await mountsOf("a", null)).toEqual([]);
  expect(told).toEqual([]);
});

test("[M11] what is no partition is not shown, and the agent does without", async () => {
  for (const part of ["boot-a", "root-a"]) await writeFile(join(directory, part), "a file of root's");
  expect(await mountsOf("a", 65_000)).toEqual([]);
  expect(told.join()).toMatch(/does without the slot that runs: .*(boot|root)-a is no block device/);
});
