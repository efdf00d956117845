import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainComponent } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Device, devicePaths } from "../../device/index.ts";
import { deviceMounts } from "./device-mounts.ts";

const isRoot = process.getuid?.() === 0;

let directory: string;
/** A serial line of the kernel's (Documentation/admin-guide/devices.txt: 4, 64); nobody opens it here. */
let tty: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-nodes-"));
  tty = join(directory, "own-ttyS0");
  if (isRoot) await execa("mknod", [tty, "c", "4", "64"]);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What the driver `serial` gets on `board`, whose file says where the nodes of these devices are. */
function mountsOf(nodes: Readonly<Record<string, string>>, { board = "pi", uid = null as number | null } = {}) {
  // Its view is a directory of this test's.
  const paths = { ...devicePaths({ dataDir: directory, runDir: directory }), view: directory };
  const device = { config: { board }, paths } as unknown as Device;
  return deviceMounts(device, "serial", plainComponent({ role: "driver", devices: Object.keys(nodes), nodes }), uid);
}

describe("[K11] the nodes that a driver gets", () => {
  test.runIf(isRoot)("are those of its devices, under the names that the board gives them", async () => {
    await symlink(tty, join(directory, "by-path"));
    expect(await mountsOf({ ttyS0: tty, ttyUSB0: join(directory, "by-path") })).toEqual([
      { kind: "dev", source: tty, target: "/dev/ttyS0" },
      { kind: "dev", source: join(directory, "by-path"), target: "/dev/ttyUSB0" },
    ]);
  });

  test.each([
    ["of the machine's memory, or of what is beside it", () => "/dev/null"],
    ["files", () => join(directory, "file")],
    ["directories", () => directory],
    ["names that lead to one of those", () => join(directory, "link")],
    ["of the terminal that somebody sits at", () => "/dev/tty"],
    ["of what makes pseudo terminals", () => "/dev/ptmx"],
  ])("are not %s, whatever the board's file says, and no other of its devices is shown then", async (_, node) => {
    await writeFile(join(directory, "file"), "secret");
    await symlink("/dev/null", join(directory, "link"));
    await expect(mountsOf({ ttyS0: join(directory, "absent"), ttyS1: node() })).rejects.toMatchObject({
      code: "COMPONENT_START_FAILED",
      message: expect.stringContaining("as a serial port"),
    });
  });

  test.runIf(isRoot)("are not disks, which have numbers that a terminal has, too", async () => {
    const disk = join(directory, "disk");
    await execa("mknod", [disk, "b", "4", "64"]);
    await expect(mountsOf({ ttyS0: disk })).rejects.toThrow("is none");
  });

  test.runIf(isRoot)("are not those that are absent: the others are shown, and nothing fails", async () => {
    const absent = join(directory, "unplugged");
    expect(await mountsOf({ ttyUSB0: absent, ttyS0: tty })).toEqual([
      { kind: "dev", source: tty, target: "/dev/ttyS0" },
    ]);
    expect(await mountsOf({ ttyUSB0: absent })).toEqual([]);
  });

  test("are none on board `virtual`, whatever its file names", async () => {
    expect(await mountsOf({ ttyS0: tty, ttyS1: "/dev/null" }, { board: "virtual" })).toEqual([]);
  });

  test("have to be named: a device of a board with hardware that has none is refused with its name", async () => {
    const device = { config: { board: "pi" }, paths: devicePaths({ dataDir: directory, runDir: directory }) };
    const component = plainComponent({ role: "driver", devices: ["ttyS0", "i2c-2"], nodes: { ttyS0: "/dev/ttyS0" } });
    await expect(deviceMounts(device as Device, "serial", component, null)).rejects.toMatchObject({
      code: "COMPONENT_START_FAILED",
      message: "serial needs i2c-2 of the board pi",
    });
  });

  test.runIf(isRoot)(
    "are nodes of their own where that can be had, which the driver's uid alone may open",
    async () => {
      const [mount] = await mountsOf({ ttyS0: tty }, { uid: 712_345 });
      const source = mount && "source" in mount ? mount.source : "";
      const made = await stat(source);
      expect(source.startsWith(directory)).toBe(true);
      expect([made.mode & 0o777, made.uid, made.gid]).toEqual([0o600, 712_345, 712_345]);
      expect(made.rdev).toBe((await stat(tty)).rdev);
    },
  );
});
