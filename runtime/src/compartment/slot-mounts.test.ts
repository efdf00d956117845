import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openSlots } from "../board/index.ts";
import { devicePaths } from "../device/index.ts";
import { slotMounts } from "./slot-mounts.ts";

const uid = 65_000;
let directory: string;
/** Only root can make device nodes, and not everywhere. */
let hasNodes: boolean;
let told: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-slot-mounts-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, "view"));
  told = [];
  for (const [at, name] of ["boot-a", "root-a", "boot-b", "root-b"].entries()) {
    // Local and experimental (admin-guide/devices.txt of the kernel): no driver has them.
    const node = ["-m", "0600", join(directory, name), "b", "240", `${at}`];
    hasNodes = !(await execa("mknod", node, { reject: false })).failed;
  }
});

async function mountsOf(slot: "a" | "b" | null, reader: number | null = uid) {
  const place = (name: string) => join(directory, name);
  const slots = await openSlots({
    words: slot === null ? "quiet" : `bulkhead.slot=${slot}`,
    records: async () => [place("state-0"), place("state-1")] as const,
    parts: async (slot) => ({ boot: place(`boot-${slot}`), root: place(`root-${slot}`) }),
  });
  const paths = { ...devicePaths({ dataDir: directory, runDir: directory }), view: join(directory, "view") };
  return slotMounts({ slots, paths, log: { line: (text: string) => void told.push(text) } as never }, reader);
}

test.each(["a", "b"] as const)(
  "[M11] the agent is shown the parts of the slot that runs (%s), which are root's, its to read, and nobody's to write",
  async (slot) => {
    if (!hasNodes) return expect(await mountsOf(slot)).toEqual([]);
    const view = join(directory, "view");
    expect(await mountsOf(slot)).toEqual([
      { kind: "dev", source: join(view, "slot-boot"), target: "/slot/boot" },
      { kind: "dev", source: join(view, "slot-root"), target: "/slot/root" },
    ]);
    for (const part of ["boot", "root"]) {
      const { rdev } = await stat(join(directory, `${part}-${slot}`));
      expect(await stat(join(view, `slot-${part}`))).toMatchObject({ uid: 0, gid: uid, mode: 0o60440, rdev });
    }
  },
);

test("[M11] it is shown nothing on a board without slots, and where all have one uid", async () => {
  expect(await mountsOf(null)).toEqual([]);
  expect(await mountsOf("a", null)).toEqual([]);
  expect(told).toEqual([]);
});

test("[M11] what is no partition is not shown, and the agent does without", async () => {
  const file = join(directory, "boot-a");
  await rm(file);
  await writeFile(file, "a file of root's");
  expect(await mountsOf("a")).toEqual([]);
  expect(told.join()).toMatch(/does without the slot that runs: .*boot-a is no block device/);
});
