/** A bus of the board that this runs on, by the kernel's name of its adapter; its number is the kernel's choice. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compiledAddOn } from "../../testing/compiled-add-on.ts";
import { loadAddOn } from "../addon.ts";
import type { I2cDriver } from "../driver.ts";
import { linuxI2c } from "../linux.ts";

const adapters = "/sys/bus/i2c/devices";

/** The driver of one adapter, which it calls `bus`. */
export function busOnBoard(controller: string, bus: number): I2cDriver {
  const isOurs = (name: string) => readFileSync(join(adapters, name, "name"), "utf8").trim() === controller;
  const found = readdirSync(adapters).find((name) => name.startsWith("i2c-") && isOurs(name));
  if (found === undefined) throw new Error(`the kernel has no adapter ${controller}`);
  return linuxI2c(loadAddOn(compiledAddOn("i2c")), (asked) => `/dev/${asked === bus ? found : `i2c-absent-${asked}`}`);
}
