import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseBoard } from "@bulkhead/protocol/manifest";
import { expect, test } from "vitest";
import { boardsDirectory } from "../locations.ts";
import { formatCommand, runUsb, usbCommand } from "./usb.ts";

function boardOf(name: string) {
  const parsed = parseBoard({ file: name, text: readFileSync(join(boardsDirectory, `${name}.yaml`), "utf8") });
  if ("errors" in parsed) throw new Error(name);
  return parsed.board;
}
const files = { image: "/images/my image.img", bootLoader: "/images/flash.bin" };

test("[K18] the command is the board file's, with the files put in, and is shown as a shell takes it", () => {
  const usb = usbCommand(boardOf("imx8mm-evk"), files);
  expect([usb.program, ...usb.arguments]).toEqual([
    "uuu",
    "-b",
    "emmc_all",
    "/images/flash.bin",
    "/images/my image.img",
  ]);
  expect(formatCommand(usb)).toBe("uuu -b emmc_all /images/flash.bin '/images/my image.img'");
});

test.each(["imx8mm-evk", "imx8mp-evk", "portenta-x8", "compulab-iot-gate-imx8plus"])(
  "[K18] %s is written by words that no shell reads, whatever its files are called",
  (name) => {
    const hostile = { image: "/images/$(reboot); x.img", bootLoader: "/images/`id` 'b'.bin" };
    const usb = usbCommand(boardOf(name), hostile);
    expect([usb.program, ...usb.arguments]).toEqual(["uuu", "-b", "emmc_all", hostile.bootLoader, hostile.image]);
    expect(usb.prepare).not.toBe("");
    expect(formatCommand(usb)).toBe("uuu -b emmc_all '/images/`id` '\\''b'\\''.bin' '/images/$(reboot); x.img'");
  },
);

test("[K18] a board whose maker's program is fastboot gets its words as they are in the board file", () => {
  const board = boardOf("imx8mm-evk");
  const usb = { program: "fastboot" as const, arguments: ["flash", "all", "{image}"], prepare: "hold the button" };
  const { program, arguments: words } = usbCommand(
    { ...board, flash: { card: false, usb } },
    { ...files, bootLoader: undefined },
  );
  expect([program, ...words]).toEqual(["fastboot", "flash", "all", "/images/my image.img"]);
});

test("[K18] a board that knows no such way, and a boot loader that is not given, are told with the way out", () => {
  expect(() => usbCommand(boardOf("beaglebone-black"), files)).toThrow(
    expect.objectContaining({ code: "FLASH_TARGET_REFUSED", remedy: "write a card: --to DISK" }),
  );
  expect(() => usbCommand(boardOf("imx8mm-evk"), { ...files, bootLoader: undefined })).toThrow(
    expect.objectContaining({
      code: "USAGE",
      remedy: expect.stringMatching(/^give --boot-loader FILE: flash\.bin of U-Boot/),
    }),
  );
});

test("[K18] a program that is not installed is named, with the package", async () => {
  const absent = { program: "uuu-of-nobody", arguments: [], prepare: "" };
  await expect(runUsb(absent, new AbortController().signal)).rejects.toThrow(
    expect.objectContaining({ code: "MISSING_PROGRAM" }),
  );
});
