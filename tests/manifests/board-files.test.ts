/** The board files that come with Bulkhead: each takes a system that uses all that it has, and says nothing twice. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { driverImages, primitives } from "@bulkhead/protocol";
import { type Board, parseBoard } from "@bulkhead/protocol/manifest";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { compileText } from "./boards.ts";

const folder = join(import.meta.dirname, "../../manifests/boards");

function boardOf(file: string): Board {
  const parsed = parseBoard({ file, text: readFileSync(join(folder, file), "utf8") });
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.board;
}

const boards = readdirSync(folder).sort().map(boardOf);
const real = boards.filter(({ backend }) => backend === "linux").map((board): [string, Board] => [board.board, board]);

test("[K18] the boards are those of K18, the evaluation kit that two of them can be tried on, and the virtual one", () => {
  expect(boards.map(({ board }) => board)).toEqual([
    "beaglebone-black",
    "compulab-iot-gate-imx8plus",
    "imx8mm-evk",
    "imx8mp-evk",
    "nitrogen6-solox",
    "portenta-x8",
    "qemu-virt-arm",
    "qemu-virt-arm64",
    "virtual",
  ]);
});

test("[M25] every board but the virtual one asks for an operator's signature, and no manifest can waive it there", () => {
  expect(boards.filter(({ policy }) => policy["unsigned-commands"]).map(({ board }) => board)).toEqual(["virtual"]);
  for (const [board] of real) {
    const manifest = (asked: string) =>
      `system: one\nversion: 1.0.0\nboard: ${board}\n${asked}components:\n  one: { image: ./one }\n`;
    const compiled = compileText(manifest(""));
    expect("plan" in compiled && compiled.plan.policy.unsignedCommands).toBe(false);
    expect(compileText(manifest("unsigned-commands: true\n"))).toMatchObject({
      errors: [{ code: "MANIFEST_POLICY_FORBIDS" }],
    });
  }
});

describe.each(real)("the board %s", (name, board) => {
  const free = Object.entries(board.devices).filter(([, { claims }]) => claims === undefined);

  test("[K18] takes a system with a driver of each class that it has, and a client of each device", () => {
    const compiled = compileText(stringify(systemOf(name, board)));
    expect("errors" in compiled ? compiled.errors : []).toEqual([]);
    const components = "plan" in compiled ? compiled.plan.components : {};
    const given = Object.values(components).flatMap(({ nodes, attributes, interfaces }) =>
      Object.keys({ ...nodes, ...attributes, ...interfaces }),
    );
    // Of gpio the controllers of the pins that are granted.
    expect(free.filter(([device]) => device !== "gpio" && !given.includes(device))).toEqual([]);
    expect(given.some((each) => each.startsWith("gpio-"))).toBe(true);
  });

  test("[K18] has no two pins that are one line, no two devices that are one, and no claim that is free", () => {
    const lines = Object.values(board.pins).map(({ bank, line }) => `${bank}.${line}`);
    expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([]);
    const places = Object.values(board.devices).map((device) => placeOf(device));
    expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
    const claims = Object.values(board.pins).map((pin) => pin.claims);
    expect((board["free-functions"] ?? []).filter((free) => !claims.includes(free))).toEqual([]);
  });

  test("[K22] says of each security primitive whether it is there, and whether anything uses it", () => {
    expect(primitives.filter((primitive) => board.security?.[primitive] === undefined)).toEqual([]);
  });

  test("[K22] is in the guide's table with what its file says of its primitives", () => {
    const guide = readFileSync(join(folder, "../../docs/guide/boards.md"), "utf8");
    const states = primitives.map((primitive) => board.security?.[primitive]?.state ?? "absent");
    expect(guide).toContain(`| \`${name}\` | ${states.join(" | ")} |`);
  });

  test("[K18] names an overlay that there is", () => {
    const overlay = board.image?.["device-tree-overlay"];
    if (overlay !== undefined) expect(existsSync(join(folder, "../../images/device-trees", overlay))).toBe(true);
  });

  test("[K18] says what an image for it is made of, what has to be brought, and how it gets there", () => {
    const { tier, kernel, bring = [], "boot-loader": loader } = board.image ?? {};
    expect(board.flash).toBeDefined();
    expect({ loader: loader !== undefined, brings: bring.length > 0 }).toEqual({
      loader: tier === "built",
      brings: tier !== "built",
    });
    expect(kernel === undefined).toBe(tier === "board-support");
    if (tier === "board-support") expect(board.image?.["device-tree"]).toBeUndefined();
  });
});

function placeOf(device: Board["devices"][string]): string {
  switch (device.class) {
    case "gpio":
      return (device.controllers ?? []).join();
    case "leds":
      return `leds ${device.label}`;
    case "spi":
      return `${device.at}.${device["chip-select"] ?? 0}`;
    default:
      return `${device.at}`;
  }
}

/** A driver for each class that is not all claimed, and one client with a channel to each device and to two free pins. */
function systemOf(name: string, board: Board): object {
  const devices = Object.entries(board.devices).filter(([, { claims }]) => claims === undefined);
  const classes = [...new Set(devices.map(([, device]) => device.class))];
  const drivers = classes.map((each) => [
    each,
    {
      image: `driver:${each}`,
      memory: "16Mi",
      devices: devices.filter(([, device]) => device.class === each).map(([device]) => device),
    },
  ]);
  const uses = devices.flatMap(([device, said], index) =>
    grantsOf(board, device, said).map((grant, nth) => [
      `c${index}-${nth}`,
      { from: `${said.class}.${Object.keys(driverImages[said.class].provides)[0]}`, grant },
    ]),
  );
  const client = { image: "./client", uses: Object.fromEntries(uses) };
  return {
    system: "all-of-it",
    version: "1.0.0",
    board: name,
    components: { ...Object.fromEntries(drivers), client },
  };
}

function grantsOf(board: Board, device: string, said: Board["devices"][string]): object[] {
  switch (said.class) {
    case "gpio":
      return freePins(board).map((pin) => ({ pin, direction: "out" }));
    case "i2c":
      return [{ bus: Number(device.slice("i2c-".length)), address: 0x48, access: "read" }];
    case "serial":
      return [{ port: device, speed: 115_200 }];
    case "spi":
      return [{ device, speed: Math.min(said.speed, 500_000), mode: 0 }];
    case "can":
      return [{ device, send: [0x123], receive: [0x124] }];
    case "pwm":
      return [{ device, channel: said.channels - 1, periodNs: { min: 100_000, max: 20_000_000 } }];
    case "adc":
      return [{ device, channel: said.channels[0] }];
    case "watchdog":
      return [{ device, timeoutSeconds: { min: 5, max: 60 } }];
    case "rtc":
      return [{ device, access: "read" }];
    default:
      return [{ device }];
  }
}

function freePins({ pins, "free-functions": free = [] }: Board): string[] {
  const usable = ({ claims }: Board["pins"][string]) => claims === undefined || free.includes(claims);
  return Object.entries(pins).flatMap(([pin, said]) => (usable(said) ? [pin] : []));
}

test("[K18] a slow board gives all its processes longer, and their calls; the others have the times of the defaults", () => {
  const system = (board: string) => {
    const compiled = compileText(
      `system: slow\nversion: 1.0.0\nboard: ${board}\ncomponents:\n  one: { image: ./one }\n`,
    );
    if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
    return compiled.plan.components;
  };
  const times = { heartbeat: { periodMs: 12_000, missed: 3 }, readyMs: 120_000, stopMs: 24_000, callMs: 24_000 };
  for (const component of Object.values(system("qemu-virt-arm64"))) expect(component).toMatchObject(times);
  for (const component of Object.values(system("virtual"))) expect(component).not.toHaveProperty("callMs");
});
