/** A device node of the board: found, and seen to be of the class that the board says. Nothing else of /dev is given out. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type NodePlace, type NodeSubsystem } from "@bulkhead/protocol";
import { findBelow, kernelsRoots, type Roots, subsystemOf } from "./find.ts";
import { ttyKind } from "./tty-kind.ts";

/** `lent`: the end of a pseudo terminal, of which no second node can be made. */
export type FoundNode = { readonly path: string; readonly kind: "device" | "lent" };

const names: Readonly<Record<NodeSubsystem, (index: number) => RegExp>> = {
  gpio: () => /^gpiochip\d+$/,
  "i2c-dev": () => /^i2c-\d+$/,
  // The bus has any number; behind the dot is the chip select.
  spidev: (index) => new RegExp(`^spidev\\d+\\.${index}$`),
  tty: () => /^tty[A-Za-z0-9]+$/,
  rtc: () => /^rtc\d+$/,
  watchdog: () => /^watchdog\d+$/,
};

const called: Readonly<Record<NodeSubsystem, string>> = {
  gpio: "a controller of pins",
  "i2c-dev": "an I2C bus",
  spidev: "a chip of a SPI controller",
  tty: "a serial port",
  rtc: "a clock",
  watchdog: "a watchdog",
};

/** Undefined where there is nothing. Throws COMPONENT_START_FAILED for what is of another class: a board file that errs must not hand out /dev/mem. */
export async function findNode(
  owner: string,
  place: NodePlace,
  roots: Roots = kernelsRoots,
): Promise<FoundNode | undefined> {
  if (typeof place === "string") return checked(owner, place, "tty", roots);
  if ("node" in place) return checked(owner, place.node, place.subsystem, roots);
  const { subsystem, at, index = 0 } = place;
  const directory = await findBelow(roots, at, { subsystem, name: names[subsystem](index), hasNode: true });
  const name = directory === undefined ? undefined : /^DEVNAME=(.+)$/m.exec(await uevent(directory))?.[1];
  return name === undefined ? undefined : checked(owner, join(roots.dev, name), subsystem, roots);
}

const uevent = (directory: string): Promise<string> => readFile(join(directory, "uevent"), "utf8").catch(() => "");

async function checked(
  owner: string,
  path: string,
  subsystem: NodeSubsystem,
  roots: Roots,
): Promise<FoundNode | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (subsystem === "tty") {
    const kind = await ttyKind(path);
    if (kind !== undefined) return { path, kind: kind === "serial" ? "device" : "lent" };
  } else if (found.isCharacterDevice() && (await subsystemOf(numberPath(roots, found.rdev))) === subsystem) {
    return { path, kind: "device" };
  }
  throw new BulkheadError(
    "COMPONENT_START_FAILED",
    `${path}, which ${owner} is to have as ${called[subsystem]}, is none`,
    {
      remedy: "correct `node` or `at` in the board file",
    },
  );
}

/** Linux's dev_t (include/linux/kdev_t.h, new encoding): minor in bits 0-7 and 20-31, major in bits 8-19. */
function numberPath({ sys }: Roots, rdev: number): string {
  const major = (rdev >> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
  return join(sys, "dev/char", `${major}:${minor}`);
}
