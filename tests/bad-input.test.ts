/** What people get wrong with boards, cards and benches: each a coded error that says what to do. The places of the manifest's are in the corpus. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError, errorTable } from "@bulkhead/protocol";
import { compile, parseBoard } from "@bulkhead/protocol/manifest";
import { expect, test } from "vitest";
import { parseStation } from "../hardware-in-loop/station/station.ts";
import { sshFailure } from "../hardware-in-loop/target/ssh/failure.ts";
import { boardFor, refuseCardless } from "../studio/src/flash/board.ts";
import { refuseTarget } from "../studio/src/flash/refusals.ts";
import { root } from "./architecture/sources.ts";

const boardText = (name: string) => readFileSync(join(root, "manifests/boards", `${name}.yaml`), "utf8");
function boardOf(name: string) {
  const parsed = parseBoard({ file: name, text: boardText(name) });
  return "board" in parsed ? parsed.board : undefined;
}

/** The errors of a system with this driver and this use of it, on a BeagleBone Black. */
function system(driver: string, use: string) {
  const text = `system: example
version: 1.0.0
board: beaglebone-black
components:
  ${driver}
  one: { image: ./one, uses: { it: ${use} } }
`;
  const board = (name: string) => ({ file: `${name}.yaml`, text: boardText(name) });
  const compiled = compile(text, { file: "manifest.yaml", board });
  return "errors" in compiled ? compiled.errors : [];
}
const gpio = "gpio: { image: driver:gpio, devices: [gpio] }";

function station(wiring: string, target = "") {
  const text = `format: 1\nstation: desk\ntitle: Desk\nboard: beaglebone-black\ntarget: { kind: board, device: one${target} }\n${wiring}\n`;
  const parsed = parseStation({ file: "desk.yaml", text }, boardOf);
  return "errors" in parsed ? parsed.errors : [];
}

function thrown(work: () => unknown) {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof BulkheadError)) throw error;
    return [{ code: error.code, remedy: error.remedy }];
  }
}

function throwIt(error: Error): never {
  throw error;
}

const keys = { identityFile: "/key", knownHostsFile: "/known" };
const bench = { host: "a", port: 22, user: "root", sudo: false, ...keys };
const card = { path: "/dev/sdb", kind: "disk", title: "a card", isRemovable: true, isReadOnly: false } as const;

test.each([
  [
    "a pin that the board has not",
    "MANIFEST_UNKNOWN_PIN",
    () => system(gpio, "{ from: gpio.line, grant: { pin: P9_99, direction: out } }"),
  ],
  [
    "a pin that the board claims for something else",
    "MANIFEST_PIN_CLAIMED",
    () => system(gpio, "{ from: gpio.line, grant: { pin: P8_20, direction: out } }"),
  ],
  [
    "an address on another bus",
    "MANIFEST_GRANT_MISMATCH",
    () =>
      system(
        "i2c: { image: driver:i2c, devices: [i2c-2] }",
        "{ from: i2c.device, grant: { bus: 1, address: 0x48, access: read } }",
      ),
  ],
  [
    "a card too small",
    "FLASH_TARGET_REFUSED",
    () => thrown(() => refuseTarget({ ...card, sizeBytes: 511, mounts: [] }, 512, { size: true, fixed: true })),
  ],
  [
    "an image for another board",
    "FLASH_WRONG_BOARD",
    () => thrown(() => boardFor({ file: "x.img", board: "imx8mm-evk" }, "beaglebone-black")),
  ],
  [
    "an image that nothing speaks for",
    "FLASH_WRONG_BOARD",
    () => thrown(() => boardFor({ file: "x.img", board: undefined }, "beaglebone-black")),
  ],
  [
    "an image whose papers name no board but a path",
    "FLASH_IMAGE_INVALID",
    () => thrown(() => boardFor({ file: "x.img", board: "../../etc/passwd" }, undefined)),
  ],
  [
    "a card for a board that starts from none",
    "FLASH_TARGET_REFUSED",
    () => thrown(() => refuseCardless(boardOf("portenta-x8"))),
  ],
  [
    "a station that requires what nothing provides",
    "STATION_CAPABILITY_UNPROVIDED",
    () => station("require: [agent, gpio-stimulus:BUTTON]"),
  ],
  [
    "a station with ssh and no file of known keys",
    "MANIFEST_MISSING_KEY",
    () => station("", ", ssh: { host: a, identityFile: /key }"),
  ],
  [
    "a station that flashes a board whose power it cannot take",
    "MANIFEST_MISSING_KEY",
    () => station("", ", flash: { kind: disk, to: /dev/disk/by-id/usb-a }"),
  ],
  [
    "a board's key that the bench does not know",
    "STATION_FAILED",
    () => thrown(() => throwIt(sshFailure({ ssh: bench, file: "desk.yaml" }, "Host key verification failed."))),
  ],
  [
    "a board that ssh does not reach",
    "TARGET_NOT_REACHED",
    () => thrown(() => throwIt(sshFailure({ ssh: bench, file: "desk.yaml" }, "No route to host"))),
  ],
  [
    "a station with a pin that its board claims",
    "MANIFEST_PIN_CLAIMED",
    () => station("wiring: [{ kind: gpio-stimulus, name: B, pin: P8_20 }]"),
  ],
])("[K18] %s is %s, with what to do", (_, code, errors) => {
  const found = errors();
  expect(found.map((one) => one.code)).toEqual([code]);
  expect(errorTable).toHaveProperty(code);
  expect(found[0]?.remedy ?? "").toMatch(/\w{3}/);
});
