/**
 * Native add-ons of drivers: machine code that Node loads from beside the bundle. They come ready made with the packages that the drivers
 * depend on, or are compiled, by one compiler wherever that is done: the same checkout gives the same bytes, for whatever board the build is.
 */
import { copyFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { bulkheadDirectory } from "../locations.ts";
import { compileAddOn } from "./compiled/index.ts";
import { type CompiledAddOn, findSources } from "./compiled/recipes.ts";
import { findKoffi } from "./koffi.ts";

type Architecture = Exclude<Board["architecture"], "any">;

type ReadyMade = {
  readonly package: string;
  /** Files of the package, each for a processor; Debian's C library is glibc. */
  readonly prebuilt: Readonly<Record<Architecture, string>>;
};

const serialport: ReadyMade = {
  package: "@serialport/bindings-cpp",
  prebuilt: {
    x64: "prebuilds/linux-x64/@serialport+bindings-cpp.glibc.node",
    arm64: "prebuilds/linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
    armhf: "prebuilds/linux-arm/@serialport+bindings-cpp.armv7.glibc.node",
  },
};

type AddOn = ReadyMade | CompiledAddOn | "koffi";
type AddOns = Readonly<Record<string, Readonly<Record<string, AddOn>>>>;

/** By driver: each add-on by its name beside `main.js`. `koffi`: as `koffi.ts` finds it. */
const addOns: AddOns = {
  serial: { "serialport.node": serialport },
  gpio: { "serialport.node": serialport, "koffi.node": "koffi" },
  rtc: { "koffi.node": "koffi" },
  watchdog: { "koffi.node": "koffi" },
  i2c: { "i2c.node": "i2c" },
  spi: { "spi.node": "spi" },
  can: { "can.node": "can" },
};

/** In place of these, by the `interface` that the driver is configured with. */
const addOnsOfInterfaces: Readonly<Record<string, AddOns>> = {
  i2c: { "i2c-bus": { "i2c-bus.node": "i2c-bus" } },
};

/** The add-ons of `driver` by their names beside `main.js`; none where it needs none. */
export function addOnsOf(driver: string, by: string | undefined): Readonly<Record<string, AddOn>> {
  const own = Object.hasOwn(addOns, driver) ? addOns[driver] : undefined;
  const others = Object.hasOwn(addOnsOfInterfaces, driver) ? addOnsOfInterfaces[driver] : undefined;
  const chosen = by !== undefined && others && Object.hasOwn(others, by) ? others[by] : undefined;
  return chosen ?? own ?? {};
}

/** An add-on that is ready to be copied. `sources`: files and folders of what it was made from, which tell the packages in it. */
export type FoundAddOn = { readonly name: string; readonly path: string; readonly sources: readonly string[] };

/**
 * Finds the add-ons of `driver`, if it needs any, and compiles what has not been; `by`: the interface that it is configured with. A board of
 * any processor has no hardware, so it needs none.
 *
 * @throws BulkheadError BUILD_FAILED where a package or a compiler is not there
 */
export async function findAddOns(
  driver: string,
  by: string | undefined,
  architecture: Board["architecture"],
): Promise<FoundAddOn[]> {
  if (architecture === "any") return [];
  const found: FoundAddOn[] = [];
  for (const [name, addOn] of Object.entries(addOnsOf(driver, by))) {
    const { path, sources } = await findAddOn(driver, addOn, architecture);
    // Not by way of a link, which leads nowhere in a sandbox that has only the file.
    found.push({ name, path: await realpath(path), sources });
  }
  return found;
}

/** Puts them beside a bundle, into `tree`. */
export async function copyAddOns(found: readonly FoundAddOn[], tree: string): Promise<void> {
  for (const { name, path } of found) await copyFile(path, join(tree, name));
}

async function findAddOn(driver: string, addOn: AddOn, architecture: Architecture): Promise<Omit<FoundAddOn, "name">> {
  if (typeof addOn === "string" && addOn !== "koffi") {
    const { folder, headers } = findSources(addOn);
    const sources = headers === undefined ? [folder] : [folder, headers];
    return { path: await compileAddOn(addOn, architecture), sources };
  }
  const path = addOn === "koffi" ? findKoffi(architecture) : findReadyMade(driver, addOn, architecture);
  return { path, sources: [path] };
}

function findReadyMade(driver: string, { package: name, prebuilt }: ReadyMade, architecture: Architecture): string {
  try {
    const found = createRequire(join(bulkheadDirectory, "drivers/package.json")).resolve(`${name}/package.json`);
    return join(dirname(found), prebuilt[architecture]);
  } catch (cause) {
    throw new BulkheadError("BUILD_FAILED", `the add-on of the driver ${driver} is missing: ${name}`, {
      remedy: "npm ci, in the checkout of Bulkhead",
      cause,
    });
  }
}
