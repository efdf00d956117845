/** A controller by its node. It is opened for each claim, so one that was unplugged and is back is found again. */
import { closeSync, openSync } from "node:fs";
import { BulkheadError } from "@bulkhead/protocol";
import type { Ioctl } from "../../system-calls.ts";
import type { LineSettings } from "../driver.ts";
import { gpioFault } from "../faults.ts";
import { chipInfoBytes, decodeChipInfo, encodeRequest, fdOf, requests } from "./uapi.ts";

export type Chip = {
  /** Returns a descriptor for the lines. Throws as GpioDriver says. */
  request(lines: readonly number[], settings: LineSettings, pins: string): number;
};

type Identity = { readonly label: string; readonly lines: number };

export function openChip(node: string, ioctl: Ioctl): Chip {
  let first: Identity | undefined;

  /** What was plugged in since under the same number may be another controller, whose lines drive something else. */
  function checkIdentity(fd: number): Identity {
    const info = new Uint8Array(chipInfoBytes);
    ioctl(fd, requests.chipInfo, info);
    const now = decodeChipInfo(info);
    first ??= now;
    if (now.label === first.label && now.lines === first.lines) return now;
    throw new BulkheadError("GPIO_GONE", `${node} was ${first.label} and is now ${now.label}`, {
      remedy: "restart the driver if that is meant to be",
    });
  }

  function take(fd: number, lines: readonly number[], settings: LineSettings, pins: string): number {
    const { label, lines: count } = checkIdentity(fd);
    const beyond = lines.find((line) => line >= count);
    if (beyond !== undefined) {
      throw new BulkheadError("GPIO_LINE_UNKNOWN", `${label} has ${count} lines, ${pins} is to be line ${beyond}`, {
        remedy: "correct `bank` and `line` of the pin in the board file",
      });
    }
    const request = encodeRequest(lines, "bulkhead", settings);
    ioctl(fd, requests.getLine, request);
    return fdOf(request);
  }

  return {
    request(lines, settings, pins) {
      let fd: number | undefined;
      try {
        fd = openSync(node, "r+");
        return take(fd, lines, settings, pins);
      } catch (cause) {
        throw gpioFault(`${pins} cannot be had`, cause);
      } finally {
        if (fd !== undefined) closeSync(fd);
      }
    },
  };
}
