/** The back-end on a tty of Linux: UARTs, USB adapters, and pseudo terminals in tests. */
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Addon } from "./addon.ts";
import type { SerialDriver } from "./driver.ts";
import { openTty } from "./tty.ts";

/** What strerror(3) says, and what it means. EIO: the node is there, and no hardware behind it. */
const reasons: readonly (readonly [pattern: RegExp, code: "SERIAL_PORT_ABSENT" | "SERIAL_PORT_BUSY"])[] = [
  [/No such (file|device)|Input\/output error/, "SERIAL_PORT_ABSENT"],
  [/Resource temporarily unavailable|Device or resource busy/, "SERIAL_PORT_BUSY"],
];
/** A UART divides its clock; up to this the other end follows (two percent at each end are common). */
const tolerance = 0.02;

/** Ports are the nodes of `directory`, by the board's names. */
export function linuxSerial(addon: Addon, directory: string): SerialDriver {
  return {
    async open(port, settings) {
      const fd = await addon.open(join(directory, port), settings).catch((cause: Error) => {
        const [, code = "DEVICE_FAILED"] = reasons.find(([pattern]) => pattern.test(cause.message)) ?? [];
        throw new BulkheadError(code, `${port} cannot be opened`, { cause });
      });
      const tty = openTty(port, fd, addon);
      const set = await addon.speedOf(fd).catch(() => 0);
      if (Math.abs(set - settings.speed) <= settings.speed * tolerance) return tty;
      await tty.close();
      throw new BulkheadError("DEVICE_FAILED", `${port} does not run at ${settings.speed} baud`);
    },
  };
}
