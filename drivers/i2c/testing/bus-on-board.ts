/** A bus of the board that this runs on, by the kernel's name of its adapter; its number is the kernel's choice. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compiledAddOn } from "../../testing/compiled-add-on.ts";
import { loadAddOn } from "../addon.ts";
import type { I2cDriver } from "../driver.ts";
import { i2cBus, loadI2cBus } from "../i2c-bus.ts";
import { linuxI2c } from "../linux.ts";

const adapters = "/sys/bus/i2c/devices";

/** Where the chips are: the third adapter of an i.MX 8M, and of an i.MX 6. */
const controllers = ["30a40000.i2c", "21a8000.i2c"];

/** An emulated adapter has an interrupt for each byte, and its processor is as slow as the host is busy: 256 bytes took 2 s. */
const emulated = process.env["BULKHEAD_GUEST"] === "1";
const emulatedMs = 120_000;

/** The driver of the board's adapter with chips, which it calls `bus`, by our native part or by the package i2c-bus. */
export function busOnBoard(bus: number, by: "i2c-rdwr" | "i2c-bus" = "i2c-rdwr"): I2cDriver {
  const isOurs = (name: string) => controllers.includes(readFileSync(join(adapters, name, "name"), "utf8").trim());
  const found = readdirSync(adapters).find((name) => name.startsWith("i2c-") && isOurs(name));
  if (found === undefined) throw new Error(`the kernel has none of the adapters ${controllers.join(", ")}`);
  const pathOf = (asked: number) => `/dev/${asked === bus ? found : `i2c-absent-${asked}`}`;
  const deadlineMs = emulated ? () => emulatedMs : undefined;
  return by === "i2c-bus"
    ? i2cBus(loadI2cBus(compiledAddOn("i2c-bus")), pathOf, deadlineMs)
    : linuxI2c(loadAddOn(compiledAddOn("i2c")), pathOf, deadlineMs);
}
