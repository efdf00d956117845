import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Board, compile, parseBoard } from "@bulkhead/protocol/manifest";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { listStations, loadStation } from "../run/stations.ts";
import { manifestOf } from "../system/manifest.ts";
import { missingCapabilities } from "./capabilities.ts";
import { formatErrors, parseStation } from "./station.ts";

function boardOf(name: string): Board | undefined {
  if (name !== "virtual") return undefined;
  const text = readFileSync(join(import.meta.dirname, "../../manifests/boards/virtual.yaml"), "utf8");
  const parsed = parseBoard({ file: "virtual.yaml", text });
  return "board" in parsed ? parsed.board : undefined;
}

const head = "format: 1\nstation: desk\ntitle: Desk\nboard: virtual\ntarget: { kind: local }\n";

function errorsOf(text: string): string {
  const parsed = parseStation({ file: "desk.yaml", text }, boardOf);
  return "errors" in parsed ? formatErrors(parsed.errors) : "";
}

describe("[K19] a station's file", () => {
  test("gives the capabilities of its target and of what is wired", () => {
    const wiring = `wiring:
  - { kind: i2c, chip: tmp105, bus: i2c-2, address: 0x48 }
  - { kind: gpio-stimulus, name: BUTTON, pin: P9_12 }
  - { kind: uart-loopback, port: ttyS4 }
require: [agent, i2c:tmp105@0x48, uart-loopback]
`;
    const parsed = parseStation({ file: "desk.yaml", text: head + wiring }, boardOf);
    expect(parsed).toMatchObject({
      station: {
        capabilities: [
          "agent",
          "commands",
          "release",
          "console",
          "power-cut",
          "i2c:tmp105@0x48",
          "gpio-stimulus:BUTTON",
          "uart-loopback:ttyS4",
        ],
      },
    });
  });

  test.each([
    ["a board that there is not", head.replace("virtual", "beagle"), "MANIFEST_UNKNOWN_BOARD desk.yaml:4:8"],
    [
      "a pin that the board has not",
      `${head}wiring: [{ kind: gpio-stimulus, name: B, pin: P9_99 }]\n`,
      "MANIFEST_UNKNOWN_PIN desk.yaml:6:47",
    ],
    [
      "a bus that the board has not",
      `${head}wiring: [{ kind: i2c, chip: tmp102, bus: i2c-9, address: 0x48 }]\n`,
      "MANIFEST_UNKNOWN_DEVICE desk.yaml:6:42",
    ],
    [
      "a port of another class",
      `${head}wiring: [{ kind: uart-loopback, port: i2c-2 }]\n`,
      "MANIFEST_UNKNOWN_DEVICE desk.yaml:6:39",
    ],
    [
      "an address that the bus reserves",
      `${head}wiring: [{ kind: i2c, chip: tmp102, bus: i2c-2, address: 0x78 }]\n`,
      "MANIFEST_INVALID_VALUE desk.yaml:6:58",
    ],
    [
      "the same wiring twice",
      `${head}wiring: [{ kind: uart-loopback, port: ttyS4 }, { kind: uart-loopback, port: ttyS4 }]\n`,
      "MANIFEST_INVALID_VALUE desk.yaml:6:48",
    ],
    [
      "a capability that nothing provides",
      `${head}require: [agent, gpio-stimulus:BUTTON]\n`,
      "STATION_CAPABILITY_UNPROVIDED desk.yaml:6:18",
    ],
    ["a key that means nothing", `${head}wires: []\n`, "MANIFEST_UNKNOWN_KEY desk.yaml:6:1"],
  ])("is refused for %s, with the place", (_, text, error) => {
    const [code = "", place = ""] = error.split(" ");
    const said = errorsOf(text);
    expect(said).toContain(code);
    expect(said).toContain(place);
    expect(said.split("\n").filter((line) => line.includes(code))).toHaveLength(1);
  });

  test("gives a real board orders where it names an operator's key for the bench, and only there", () => {
    const boardTarget = (more: string) =>
      parseStation(
        { file: "desk.yaml", text: head.replace("{ kind: local }", `{ kind: board, device: pump-1${more} }`) },
        boardOf,
      );
    expect(boardTarget("")).toMatchObject({ station: { capabilities: ["agent"] } });
    const operator = ", operator: { key: /home/bench/operator.json, passphraseFile: /home/bench/passphrase }";
    expect(boardTarget(operator)).toMatchObject({ station: { capabilities: ["agent", "commands"] } });
    expect(boardTarget(", operator: { key: operator.json }")).toMatchObject({
      errors: [{ code: "MANIFEST_INVALID_VALUE" }],
    });
  });

  const board = (more: string, name = "virtual") =>
    head.replace("virtual", name).replace("{ kind: local }", `{ kind: board, device: pump-1, ${more} }`);
  const power = "power: { on: [relay, on], off: [relay, off] }";
  const disk = "kind: disk, to: /dev/disk/by-id/usb-sdmux-0:0";

  test("gives a real board a shell where it names ssh, and by that neither console nor power", () => {
    const ssh = "ssh: { host: 192.0.2.7, identityFile: /srv/key, knownHostsFile: /srv/known }";
    const parsed = parseStation({ file: "desk.yaml", text: board(ssh) }, boardOf);
    expect(parsed).toMatchObject({
      station: { capabilities: ["agent", "shell"], target: { ssh: { port: 22, user: "root", sudo: false } } },
    });
  });

  test("says how a board is written by a disk or by a program, which is no capability of tests", () => {
    const program = 'kind: program, command: [uuu, -b, emmc_all, loader, "{image}"], before: [relay, boot]';
    for (const flash of [disk, program]) {
      const parsed = parseStation({ file: "desk.yaml", text: board(`${power}, flash: { ${flash} }`) }, boardOf);
      expect(parsed).toMatchObject({ station: { capabilities: ["agent", "power-cut"] } });
    }
  });

  test.each([
    [
      "ssh without the board's recorded key",
      "ssh: { host: a, identityFile: /k }",
      "MANIFEST_MISSING_KEY",
      "knownHostsFile",
    ],
    [
      "a host that would be an option",
      "ssh: { host: -oProxyCommand=x, identityFile: /k, knownHostsFile: /n }",
      "MANIFEST_INVALID_VALUE",
      "a host",
    ],
    [
      "a user that would be an option",
      "ssh: { host: a, user: -v, identityFile: /k, knownHostsFile: /n }",
      "MANIFEST_INVALID_VALUE",
      "a user",
    ],
    [
      "a key's file that ssh reads as another",
      "ssh: { host: a, identityFile: /k%h, knownHostsFile: /n }",
      "MANIFEST_INVALID_VALUE",
      "a path",
    ],
    [
      "two files of known keys in one",
      "ssh: { host: a, identityFile: /k, knownHostsFile: /n /m }",
      "MANIFEST_INVALID_VALUE",
      "a path",
    ],
    ["flash without power to take", `flash: { ${disk} }`, "MANIFEST_MISSING_KEY", "lacks `power`"],
    [
      "flash to what is no disk",
      `${power}, flash: { kind: disk, to: /home/card }`,
      "MANIFEST_INVALID_VALUE",
      "/dev/disk/by-id",
    ],
    [
      "flash to a disk by a name that moves",
      `${power}, flash: { kind: disk, to: /dev/sdb }`,
      "MANIFEST_INVALID_VALUE",
      "/dev/disk/by-id",
    ],
    [
      "flash out of /dev/disk",
      `${power}, flash: { kind: disk, to: /dev/disk/by-id/../../sda }`,
      "MANIFEST_INVALID_VALUE",
      "/dev/disk/by-id",
    ],
    [
      "a program without the image",
      `${power}, flash: { kind: program, command: [uuu, image] }`,
      "MANIFEST_INVALID_VALUE",
      "{image}",
    ],
    [
      "a program that is the image",
      `${power}, flash: { kind: program, command: ["{image}"] }`,
      "MANIFEST_INVALID_VALUE",
      "{image}",
    ],
    ["another way to flash", `${power}, flash: { kind: scp }`, "MANIFEST_INVALID_VALUE", "one of the choices"],
  ])("is refused for %s, with the place", (_, more, code, words) => {
    const said = errorsOf(board(more));
    expect(said).toMatch(/^desk\.yaml:5:\d+: /);
    expect(said).toContain(code);
    expect(said).toContain(words);
  });

  test("is refused for flash of a device by its id, which a flashed board has no more", () => {
    const text = board(`${power}, flash: { ${disk} }`).replace("pump-1", "d-0123456789abcdef");
    expect(errorsOf(text)).toContain("MANIFEST_INVALID_VALUE");
  });

  test("is refused for flash to a card of a board that starts from none", () => {
    const text = board(`${power}, flash: { ${disk} }`, "portenta-x8");
    const parsed = parseStation({ file: "desk.yaml", text }, () => {
      const file = join(import.meta.dirname, "../../manifests/boards/portenta-x8.yaml");
      const read = parseBoard({ file, text: readFileSync(file, "utf8") });
      return "board" in read ? read.board : undefined;
    });
    expect(parsed).toMatchObject({
      errors: [{ code: "FLASH_TARGET_REFUSED", remedy: expect.stringContaining("kind: program") }],
    });
  });

  test("a need without a name takes any of its kind, and no other kind", () => {
    expect(missingCapabilities(["uart-loopback"], ["uart-loopback:ttyS4"])).toEqual([]);
    expect(missingCapabilities(["uart"], ["uart-loopback:ttyS4"])).toEqual(["uart"]);
    expect(missingCapabilities(["i2c:tmp105@0x48"], ["i2c:tmp105@0x49"])).toEqual(["i2c:tmp105@0x48"]);
  });
});

test.each([
  ["emulated/qemu-virt-arm64", true],
  ["emulated/qemu-virt-arm", false],
])("[K19] %s has a watchdog only where its board's kernel has a driver of one: %s", async (name, has) => {
  const { station, board } = await loadStation(name);
  expect(station.capabilities.includes("watchdog")).toBe(has);
  expect(board.security?.watchdog?.state === "present").toBe(has);
});

test.each(await listStations())(
  "[K19] the station %s is one that its board allows, and its system one that the compiler takes",
  async (name) => {
    const { station, board } = await loadStation(name);
    const compiled = compile(stringify(manifestOf(station, board)), {
      file: "manifest.yaml",
      board: (wanted) => ({
        file: `${wanted}.yaml`,
        text: readFileSync(join(import.meta.dirname, `../../manifests/boards/${wanted}.yaml`), "utf8"),
      }),
    });
    expect("errors" in compiled ? compiled.errors : []).toEqual([]);
  },
);
