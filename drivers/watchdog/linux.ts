/**
 * The back-end on the kernel's watchdog (Documentation/watchdog/watchdog-api.rst): opening the node starts it, each write
 * is a sign of life, and only a last write of `V` lets closing stop it.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { endianness } from "node:os";
import { BulkheadError } from "@bulkhead/protocol";
import { type Attributes, kernelError, openAttributes } from "../sysfs/attributes.ts";
import type { Ioctl } from "../system-calls.ts";
import type { Watchdog, WatchdogDriver, WatchdogState } from "./driver.ts";
import { type ResetCause, resetCauses } from "./interface.ts";

/** `_IOWR('W', 6, int)` (include/uapi/linux/watchdog.h). */
const WDIOC_SETTIMEOUT = 0xc004_5706;

export type WatchdogPlaces = {
  attributesOf(device: string): string;
  nodeOf(device: string): string;
};

export function linuxWatchdog({ attributesOf, nodeOf }: WatchdogPlaces, ioctl: Ioctl): WatchdogDriver {
  return {
    open: (device) => openWatchdog(device, nodeOf(device), openAttributes(attributesOf(device), device), ioctl),
  };
}

function openWatchdog(device: string, node: string, attributes: Attributes, ioctl: Ioctl): Watchdog {
  let file: FileHandle | undefined;

  const fail = (what: string) => (error: unknown) => {
    throw kernelError(`${device}: ${what}`, error);
  };
  async function abandon(): Promise<void> {
    const last = file;
    file = undefined;
    await last?.close().catch(() => {});
  }
  async function write(text: string): Promise<void> {
    if (file === undefined)
      throw new BulkheadError("WATCHDOG_NOT_STARTED", `${device} has not been started`, {
        remedy: "call `start` first",
      });
    try {
      await file.write(text);
    } catch (error) {
      const failure = kernelError(`${device}: a sign of life`, error);
      // Its driver in the kernel has gone: when it is back, it is another file.
      if (failure.code === "DEVICE_ABSENT") await abandon();
      throw failure;
    }
  }

  return {
    async start(timeoutSeconds) {
      file ??= await open(node, constants.O_WRONLY).catch(fail("its node"));
      const value = new DataView(new ArrayBuffer(4));
      value.setInt32(0, timeoutSeconds, isLittle);
      try {
        ioctl(file.fd, WDIOC_SETTIMEOUT, new Uint8Array(value.buffer));
      } catch (error) {
        const failure = kernelError(`${device}: a time of ${timeoutSeconds} s`, error);
        if (failure.code === "DEVICE_ABSENT") await abandon();
        throw failure;
      }
      await write("+");
      return value.getInt32(0, isLittle);
    },
    pet: () => write("+"),
    async stop() {
      // One that a life of the driver before this one has left runs on as well.
      if (file === undefined && (await attributes.read("state")) !== "active") return;
      if (!(await isStoppable(attributes))) throw notStoppable(device);
      file ??= await open(node, constants.O_WRONLY).catch(fail("its node"));
      await write("V");
      await abandon();
      if ((await attributes.read("state")) !== "active") return;
      file = await open(node, constants.O_WRONLY).catch(fail("its node"));
      throw notStoppable(device);
    },
    read: () => readState(attributes),
    abandon,
  };
}

const isLittle = endianness() === "LE";

/** What closing does then is decided by the kernel; its log has the rest. */
function notStoppable(device: string): BulkheadError {
  return new BulkheadError("WATCHDOG_NOT_STOPPABLE", `nothing but a reset ends ${device} now`, {
    remedy: "go on with `pet`",
  });
}

const isStoppable = async (attributes: Attributes): Promise<boolean> => (await attributes.read("nowayout")) !== "1";

async function readState(attributes: Attributes): Promise<WatchdogState> {
  const left = await attributes.readIfThere("timeleft");
  return {
    identity: await attributes.read("identity"),
    isRunning: (await attributes.read("state")) === "active",
    timeoutSeconds: await attributes.readNumber("timeout"),
    leftSeconds: left === undefined ? null : Number(left),
    isStoppable: await isStoppable(attributes),
    lastReset: causesOf(await attributes.readNumber("bootstatus")),
  };
}

/** WDIOF_OVERHEAT is the first bit, WDIOF_POWEROVER the seventh. */
const causesOf = (flags: number): ResetCause[] => resetCauses.filter((_, bit) => flags & (1 << bit));
