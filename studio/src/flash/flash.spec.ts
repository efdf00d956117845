/** Flashing as the kernel sees it: loop devices as cards, mounted, pulled out, too small in truth. As root: who is not cannot make such cards. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { flash } from "./flash.ts";
import { openImage } from "./image.ts";
import { refuseTarget } from "./refusals.ts";
import { inspectTarget } from "./target.ts";
import { makeImage, type TestImage } from "./testing/image.ts";

const canLoop = process.getuid?.() === 0 && existsSync("/dev/loop-control");
const directory = mkdtempSync(join(tmpdir(), "bulkhead-flash-spec-"));
const insisted = { size: true, fixed: true };
let made: TestImage;

beforeAll(() => {
  made = makeImage(directory, { sizeMiB: 40 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A loop device over `file`, gone when the test is. */
async function cardOf(file: string, sizeMiB: number): Promise<string> {
  writeFileSync(file, "");
  truncateSync(file, sizeMiB * 1024 * 1024);
  const { stdout: device } = await execa("losetup", ["--find", "--show", file]);
  onTestFinished(async () => {
    await execa("losetup", ["--detach", device]);
  });
  return device;
}

async function flashTo(device: string) {
  const image = await openImage(made.file);
  try {
    return await flash({
      image,
      target: await inspectTarget(device),
      identity: undefined,
      onProgress: () => undefined,
    });
  } finally {
    await image.handle.close();
  }
}

const startOf = (file: string) => readFileSync(file).subarray(0, 34 * 512);

describe.runIf(canLoop)("[K18] a card", () => {
  test("[K18] that is mounted is refused before it is asked for, and by the kernel where nobody asked", async () => {
    const device = await cardOf(join(directory, "mounted"), 48);
    await execa("mkfs.ext4", ["-q", device]);
    const place = join(directory, "mount");
    mkdirSync(place);
    await execa("mount", [device, place]);
    try {
      const target = await inspectTarget(device);
      expect(() => refuseTarget(target, 1, insisted)).toThrow(`${device} is in use: mounted at ${place}`);
      await expect(flashTo(device)).rejects.toThrow(expect.objectContaining({ code: "FLASH_TARGET_REFUSED" }));
    } finally {
      await execa("umount", [place]);
    }
  });

  test("[K18] that is cut off in the middle starts nothing, and is whole when it is flashed again", async () => {
    const file = join(directory, "cut");
    const device = await cardOf(file, 48);
    const program = join(import.meta.dirname, "testing/child.ts");
    const flashing = execa(process.execPath, [program, made.file, device], { reject: false });
    for await (const line of flashing) if (line.startsWith("writing")) flashing.kill("SIGKILL");
    expect((await flashing).signal).toBe("SIGKILL");
    await execa("sync");
    expect(startOf(file).every((byte) => byte === 0)).toBe(true);
    await flashTo(device);
    await execa("sync");
    const there = readFileSync(file);
    expect(there.subarray(0, 3 * 1024 * 1024).equals(made.bytes.subarray(0, 3 * 1024 * 1024))).toBe(true);
    expect(
      there.subarray(8 * 1024 * 1024, 39 * 1024 * 1024).equals(made.bytes.subarray(8 * 1024 * 1024, 39 * 1024 * 1024)),
    ).toBe(true);
  });

  test("[K18] with less room in truth than it says gives an error, and starts nothing", async () => {
    const small = join(directory, "small");
    mkdirSync(small);
    await execa("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", small]);
    try {
      const file = join(small, "card");
      writeFileSync(file, "");
      truncateSync(file, 48 * 1024 * 1024);
      const { stdout: device } = await execa("losetup", ["--find", "--show", file]);
      try {
        await expect(flashTo(device)).rejects.toThrow(expect.objectContaining({ code: "FLASH_WRITE_FAILED" }));
        expect(startOf(file).every((byte) => byte === 0)).toBe(true);
      } finally {
        await execa("losetup", ["--detach", device]);
      }
    } finally {
      await execa("umount", ["--lazy", small]);
    }
  });
});

test("[K18] the disk that this machine runs from is refused however it is insisted on", async ({ skip }) => {
  // Without the folder of the disk that a container's / is: `/dev/sda1[/var/lib/container]`.
  const { stdout: source } = await execa("findmnt", ["--nofsroot", "--noheadings", "--output", "SOURCE", "/"]);
  if (!existsSync(source)) skip(`/ is on ${source}, which is no disk`);
  const target = await inspectTarget(source);
  expect(() => refuseTarget(target, 1, insisted)).toThrow(/is this machine's own disk|is a partition/);
});
