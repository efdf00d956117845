/** Lines that the kernel has given to this process: values by ioctl, edges as events of their descriptor. */
import { closeSync, readSync } from "node:fs";
import { BulkheadError } from "@bulkhead/protocol";
import { type CreatePoller, type Poller, readable } from "../../poller.ts";
import { type PreparedIoctl, SystemCallError } from "../../system-calls.ts";
import type { Edge, LineSettings, Lines, PinLevel } from "../driver.ts";
import { gpioFault, unwatchable } from "../faults.ts";
import { decodeEvent, encodeConfig, eventBytes, maskOf, requests, valuesBytes } from "./uapi.ts";

export type Kernel = { readonly ioctl: PreparedIoctl; readonly createPoller: CreatePoller };

/** Of every write that was done: it says nothing of its own. */
const done = Promise.resolve();

/** Read at once; what is more wakes again. */
const eventsAtOnce = 64;

/** Takes over `fd`. `numbers`: the controller's, of `pins` in their order. */
export function openLines(
  fd: number,
  pins: readonly string[],
  numbers: readonly number[],
  settings: LineSettings,
  { ioctl, createPoller }: Kernel,
): Lines {
  const name = pins.join(", ");
  const values = new Uint8Array(valuesBytes);
  // Two words for bits and two for the mask: numbers of 32 bits cost nothing, as BigInt would at each call.
  const words = new Uint32Array(values.buffer);
  const mask = maskOf(pins.length);
  words[2] = Number(mask & 0xffff_ffffn);
  words[3] = Number(mask >> 32n);
  const askValues = ioctl.prepare(values);
  const events = new Uint8Array(eventsAtOnce * eventBytes);
  let poller: Poller | undefined;
  let isOpen = true;

  const fault = (what: string, cause: unknown): unknown => gpioFault(`${name} cannot be ${what}`, cause);
  function openFd(): number {
    if (isOpen) return fd;
    throw new BulkheadError("GPIO_GONE", `${name} was released`);
  }

  function readEvents(): Edge[] {
    const count = readSync(fd, events, 0, events.length, null) / eventBytes;
    return Array.from({ length: count }, (_, index) => {
      const { line, ...edge } = decodeEvent(events, index * eventBytes);
      return { pin: pins[numbers.indexOf(line)] ?? "", ...edge };
    });
  }

  function listen(onEdge: (edge: Edge) => void, onGone: () => void): void {
    const opened = createPoller(fd, (error) => {
      let edges: Edge[];
      try {
        if (error) throw error;
        edges = readEvents();
      } catch {
        return onGone();
      }
      for (const edge of edges) onEdge(edge);
      if (poller === opened) opened.poll(readable);
    });
    poller = opened;
    opened.poll(readable);
  }

  return {
    // These two are what programs do most: no promise and no array beyond what is told.
    read() {
      try {
        askValues(openFd(), requests.getValues);
        return Promise.resolve(pins.length === 1 ? [bitOf(words, 0)] : pins.map((_, index) => bitOf(words, index)));
      } catch (cause) {
        return Promise.reject(fault("read", cause));
      }
    },
    write(levels) {
      try {
        if (settings.direction === "in") throw new BulkheadError("DEVICE_FAILED", `${name} is an input`);
        words[0] = wordOf(levels, 0);
        if (pins.length > 32) words[1] = wordOf(levels, 32);
        askValues(openFd(), requests.setValues);
        return done;
      } catch (cause) {
        return Promise.reject(fault("written", cause));
      }
    },
    async watch(edges, onEdge, onGone) {
      poller?.close();
      poller = undefined;
      try {
        ioctl(openFd(), requests.setConfig, encodeConfig(settings, edges, pins.length));
      } catch (cause) {
        throw hasNoInterrupt(cause) ? unwatchable(name, cause) : fault("watched", cause);
      }
      if (edges !== "none") listen(onEdge, onGone);
    },
    async release() {
      if (!isOpen) return;
      isOpen = false;
      poller?.close();
      poller = undefined;
      closeSync(fd);
    },
  };
}

/** Of lines that are claimed the kernel says ENXIO for this alone (edge_detector_setup in gpiolib-cdev.c); of a controller that went, ENODEV. */
const hasNoInterrupt = (cause: unknown): boolean => cause instanceof SystemCallError && cause.code === "ENXIO";

const bitOf = (words: Uint32Array, index: number): PinLevel =>
  (((words[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1 ? 1 : 0;

/** The levels of 32 lines from `from` on. */
function wordOf(levels: readonly PinLevel[], from: number): number {
  let word = 0;
  for (let index = from; index < levels.length && index < from + 32; index += 1) {
    if (levels[index] === 1) word |= 1 << (index - from);
  }
  return word >>> 0;
}
