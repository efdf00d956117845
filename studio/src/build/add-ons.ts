/**
 * Native add-ons of drivers: machine code that Node loads from beside the bundle. They come ready made with the packages
 * that the drivers depend on, so the same packages give the same bytes, for whatever board the build is.
 */
import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { bulkheadDirectory } from "../locations.ts";

type AddOn = {
  /** Its name beside `main.js`. */
  readonly file: string;
  readonly package: string;
  /** Files of the package, each for a processor; Debian's C library is glibc. */
  readonly prebuilt: Readonly<Record<Exclude<Board["architecture"], "any">, string>>;
};

const addOns: Readonly<Record<string, AddOn>> = {
  serial: {
    file: "serialport.node",
    package: "@serialport/bindings-cpp",
    prebuilt: {
      x64: "prebuilds/linux-x64/@serialport+bindings-cpp.glibc.node",
      arm64: "prebuilds/linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
      armhf: "prebuilds/linux-arm/@serialport+bindings-cpp.armv7.glibc.node",
    },
  },
};

/**
 * Puts the add-on of `driver`, if it has one, into `tree`. A board of any processor has no hardware, so it needs none.
 *
 * @throws BulkheadError BUILD_FAILED where the package is not installed
 */
export async function copyAddOn(driver: string, architecture: Board["architecture"], tree: string): Promise<void> {
  const addOn = Object.hasOwn(addOns, driver) ? addOns[driver] : undefined;
  if (addOn === undefined || architecture === "any") return;
  try {
    const found = createRequire(join(bulkheadDirectory, "drivers/package.json")).resolve(
      `${addOn.package}/package.json`,
    );
    await copyFile(join(dirname(found), addOn.prebuilt[architecture]), join(tree, addOn.file));
  } catch (cause) {
    throw new BulkheadError("BUILD_FAILED", `the add-on of the driver ${driver} is missing: ${addOn.package}`, {
      remedy: "npm ci, in the checkout of Bulkhead",
      cause,
    });
  }
}
