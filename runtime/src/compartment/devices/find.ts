/**
 * Finds in sysfs what belongs to a controller, by the kernel's own name of that. A device tree fixes this name; what stands below (gpiochip2,
 * pwmchip0, can1) is numbered in the order in which the kernel meets things, and is no name for anything.
 */
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

/** Where a device's kernel shows what it has; others in tests. */
export type Roots = { readonly sys: string; readonly dev: string };
export const kernelsRoots: Roots = { sys: "/sys", dev: "/dev" };

/** What is looked for: an entry of this subsystem with such a name, with a device node or without. */
export type Wanted = { readonly subsystem: string; readonly name: RegExp; readonly hasNode?: boolean };

/** A network interface, an I2C bus with a multiplexer, a port of a serial controller: none lies deeper below its controller. */
const deepest = 8;

/**
 * The directory below the controller `at`, nearest first; undefined where the kernel has none. Throws COMPONENT_START_FAILED
 * where two are as near, or two controllers have the name: which of them it is nobody said.
 */
export async function findBelow({ sys }: Roots, at: string, wanted: Wanted): Promise<string | undefined> {
  const [name = "", address] = at.split("/0x");
  const controllers = await controllersNamed(sys, name);
  const start = address === undefined ? controllers : await within(controllers, chipAt(address));
  return only(at, await within(only(at, start) === undefined ? [] : start, (path) => isWanted(path, wanted)));
}

/** On every bus of the kernel: platform, amba, pci, spi … */
async function controllersNamed(sys: string, name: string): Promise<string[]> {
  const buses = await readdir(join(sys, "bus")).catch(() => []);
  const found = buses.map((bus) => realpath(join(sys, "bus", bus, "devices", name)).catch(() => undefined));
  return [...new Set((await Promise.all(found)).filter((path) => path !== undefined))];
}

/** A chip on an I2C bus is `<bus>-<address>`, four digits of it (drivers/i2c/i2c-core-base.c); the bus has any number. */
function chipAt(address: string): (path: string) => Promise<boolean> {
  const name = new RegExp(`^\\d+-00${address}$`);
  return async (path) => name.test(basename(path)) && (await subsystemOf(path)) === "i2c";
}

async function isWanted(path: string, { subsystem, name, hasNode }: Wanted): Promise<boolean> {
  if (!name.test(basename(path)) || (await subsystemOf(path)) !== subsystem) return false;
  return hasNode === undefined || hasNode === (await readAttribute(path, "dev").then((text) => text !== undefined));
}

export async function subsystemOf(path: string): Promise<string | undefined> {
  const link = await readlink(join(path, "subsystem")).catch(() => undefined);
  return link === undefined ? undefined : basename(link);
}

/** The first line of an attribute; undefined where there is none, or the kernel does not say. */
export async function readAttribute(path: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(path, name), "utf8").catch(() => undefined);
  return text?.split("\n")[0];
}

/** All that fit at the first depth at which one does. Links lead elsewhere and are not followed. */
async function within(starts: readonly string[], fits: (path: string) => Promise<boolean>): Promise<string[]> {
  let level = starts;
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const answers = await Promise.all(level.map(fits));
    const found = level.filter((_, index) => answers[index]);
    if (found.length > 0) return found;
    level = (await Promise.all(level.map(directoriesIn))).flat();
  }
  return [];
}

async function directoriesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

function only(at: string, paths: readonly string[]): string | undefined {
  if (paths.length <= 1) return paths[0];
  throw new BulkheadError(
    "COMPONENT_START_FAILED",
    `${at} is more than one: ${paths.map((path) => basename(path)).join(", ")}`,
    {
      remedy: "name in the board file the one that is meant, nearer to it",
    },
  );
}
