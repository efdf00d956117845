import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, parseBoard } from "@bulkhead/protocol/manifest";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { parseStation } from "../station/station.ts";
import { manifestOf } from "./manifest.ts";

const boardText = (name: string) =>
  readFileSync(join(import.meta.dirname, `../../manifests/boards/${name}.yaml`), "utf8");

test.each([
  ["virtual", "i2c-2", "ttyS4", "P9_12", "P9_23"],
  ["beaglebone-black", "i2c-2", "ttyS4", "P9_12", "P9_23"],
])("[K19] the system of a station on board %s is one that the compiler takes", (name, bus, port, pin, other) => {
  const parsed = parseBoard({ file: `${name}.yaml`, text: boardText(name) });
  if (!("board" in parsed)) throw new Error("no board");
  const { board } = parsed;
  const text = `format: 1
station: bench/desk
title: Desk
board: ${name}
target: { kind: board, device: one }
wiring:
  - { kind: i2c, chip: tmp102, bus: ${bus}, address: 0x48 }
  - { kind: uart-loopback, port: ${port} }
${name === "virtual" ? "  - { kind: watchdog, device: watchdog-1 }\n" : ""}  - { kind: gpio-stimulus, name: BUTTON, pin: ${pin} }
  - { kind: gpio-loopback, name: WIRE, from: ${other}, to: P8_7 }
`;
  const station = parseStation({ file: "desk.yaml", text }, () => board);
  if (!("station" in station)) throw new Error(JSON.stringify(station.errors));
  const compiled = compile(stringify(manifestOf(station.station, board)), {
    file: "manifest.yaml",
    board: (wanted) => ({ file: `${wanted}.yaml`, text: boardText(wanted) }),
  });
  expect("errors" in compiled ? compiled.errors : []).toEqual([]);
  expect("plan" in compiled && Object.keys(compiled.plan.components)).toEqual(
    expect.arrayContaining([
      "i2c",
      "gpio",
      "serial",
      "i2c-tmp102-48",
      "uart-loopback-ttys4",
      "gpio-stimulus-button",
      "gpio-loopback-wire",
      ...(name === "virtual" ? ["watchdog", "watchdog-watchdog-1"] : []),
    ]),
  );
});
