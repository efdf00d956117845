/**
 * The back-end on sysfs, by the package onoff: for kernels without the character device, and for who asks for it. It knows no
 * bias and no open drain, nobody else is kept off a line, and it hears of an edge when that is over: a short pulse may
 * show as one edge, of the level that the line has by then.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { usePoller } from "epoll";
import { Gpio } from "onoff";
import type { CreatePoller } from "../poller.ts";
import { type Edge, type Edges, type GpioDriver, type LineSettings, type Lines, monotonicUs } from "./driver.ts";
import { gpioFault, unwatchable } from "./faults.ts";
import { type PinPlaces, placePins } from "./pins.ts";

export type SysfsOptions = {
  readonly pins: PinPlaces;
  /** The directory of a controller in sysfs (`gpiochip512`), whose `base` is the number of its first line. */
  readonly directoryOf: (bank: number) => string;
  readonly createPoller: CreatePoller;
};

export function sysfsGpio({ pins: places, directoryOf, createPoller }: SysfsOptions): GpioDriver {
  const claimed = new Map<string, () => void>();
  usePoller(createPoller, () => {
    for (const checkGone of claimed.values()) checkGone();
  });

  /** Asked for at each claim: a controller that comes back gets other numbers. */
  function baseOf(bank: number): number {
    return Number(readFileSync(join(directoryOf(bank), "base"), "utf8"));
  }

  return {
    stamps: "driver",
    async claim(pins, settings) {
      const name = pins.join(", ");
      const { bank, lines } = placePins(places, pins);
      refuseUnknown(name, settings);
      if (pins.some((pin) => claimed.has(pin))) throw new BulkheadError("GPIO_LINE_BUSY", `${name} has been claimed`);
      const gpios: Gpio[] = [];
      try {
        const base = baseOf(bank);
        checkLines(name, lines, Number(readFileSync(join(directoryOf(bank), "ngpio"), "utf8")));
        for (const line of lines) gpios.push(openGpio(base + line, settings));
      } catch (cause) {
        for (const gpio of gpios) gpio.unexport();
        throw gpioFault(`${name} cannot be had`, cause);
      }
      const opened = openLines(pins, gpios, settings, () => {
        for (const pin of pins) claimed.delete(pin);
      });
      for (const pin of pins) claimed.set(pin, opened.checkGone);
      return opened.lines;
    },
  };
}

function refuseUnknown(name: string, settings: LineSettings): void {
  const isPlain = settings.bias === undefined && (settings.direction === "in" || settings.drive === "push-pull");
  if (isPlain) return;
  throw new BulkheadError("DEVICE_FAILED", `sysfs can set neither the bias nor the drive of ${name}`, {
    remedy: "give the driver `config: { interface: chardev }`, or leave `bias` and `drive` out of the grant",
  });
}

function checkLines(name: string, lines: readonly number[], count: number): void {
  const beyond = lines.find((line) => line >= count);
  if (beyond === undefined) return;
  throw new BulkheadError("GPIO_LINE_UNKNOWN", `the controller has ${count} lines, ${name} is to be line ${beyond}`, {
    remedy: "correct `bank` and `line` of the pin in the board file",
  });
}

/**
 * An output comes with its level: there is no moment in which it has another. Who had the line before may have left it inverted, and what is
 * written then is the other level than what it came with.
 */
function openGpio(number: number, settings: LineSettings): Gpio {
  const activeLow = false;
  if (settings.direction === "in") {
    const debounceTimeout = (settings.debounceUs ?? 0) / 1000;
    return checked(new Gpio(number, "in", "none", { debounceTimeout, activeLow }), "in");
  }
  return checked(new Gpio(number, settings.safe === 1 ? "high" : "low", "none", { activeLow }), "out");
}

/** onoff goes on where a line that was exported before does not take its settings. */
function checked(gpio: Gpio, direction: "in" | "out"): Gpio {
  const isInverted = gpio.activeLow();
  if (gpio.direction() === direction && !isInverted) return gpio;
  gpio.unexport();
  const kind = direction === "in" ? "input" : "output";
  throw new BulkheadError(
    "DEVICE_FAILED",
    isInverted ? "the line is inverted, and stays so" : `the line is no ${kind}, and cannot be`,
  );
}

/** Without an interrupt a line has no such attribute; where the controller has gone, it cannot be read either. */
function setEdges(gpio: Gpio, pin: string, edges: Edges): void {
  try {
    gpio.setEdge(edges);
  } catch (cause) {
    gpio.readSync();
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    if (edges !== "none") throw unwatchable(pin, cause);
  }
}

function openLines(
  pins: readonly string[],
  gpios: readonly Gpio[],
  settings: LineSettings,
  onRelease: () => void,
): { lines: Lines; checkGone: () => void } {
  const name = pins.join(", ");
  const sequences = new Map<string, number>();
  let isOpen = true;
  let tellGone: (() => void) | undefined;

  function ask<T>(what: string, work: () => T): T {
    if (!isOpen) throw new BulkheadError("GPIO_GONE", `${name} was released`);
    try {
      return work();
    } catch (cause) {
      throw gpioFault(`${name} cannot be ${what}`, cause);
    }
  }
  function watchOne(gpio: Gpio, pin: string, edges: Edges, onEdge: (edge: Edge) => void): void {
    gpio.unwatchAll();
    setEdges(gpio, pin, edges);
    if (edges === "none") return;
    // What changed before is no edge.
    gpio.readSync();
    gpio.watch((_, level) => {
      const sequence = sequences.get(pin) ?? 0;
      sequences.set(pin, sequence + 1);
      onEdge({ pin, level, timeUs: monotonicUs(), sequence });
    });
  }

  const lines: Lines = {
    read: async () => ask("read", () => gpios.map((gpio) => gpio.readSync())),
    async write(levels) {
      if (settings.direction === "in") throw new BulkheadError("DEVICE_FAILED", `${name} is an input`);
      ask("written", () => {
        for (const [index, gpio] of gpios.entries()) gpio.writeSync(levels[index] ?? 0);
      });
    },
    async watch(edges, onEdge, onGone) {
      tellGone = undefined;
      ask("watched", () => {
        for (const [index, gpio] of gpios.entries()) watchOne(gpio, pins[index] ?? "", edges, onEdge);
      });
      if (edges !== "none") tellGone = onGone;
    },
    async release() {
      if (!isOpen) return;
      isOpen = false;
      tellGone = undefined;
      for (const gpio of gpios) gpio.unexport();
      onRelease();
    },
  };
  return {
    lines,
    checkGone() {
      try {
        for (const gpio of gpios) gpio.readSync();
      } catch {
        const tell = tellGone;
        tellGone = undefined;
        tell?.();
      }
    },
  };
}
