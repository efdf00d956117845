/** Lines that the kernel has given to this process: values by ioctl, edges as events of their descriptor. */
import { closeSync, readSync } from "node:fs";
import { BulkheadError } from "@bulkhead/protocol";
import { type CreatePoller, type Poller, readable } from "../../poller.ts";
import type { Ioctl } from "../../system-calls.ts";
import type { Edge, LineSettings, Lines, PinLevel } from "../driver.ts";
import { gpioFault } from "../faults.ts";
import { decodeEvent, encodeConfig, eventBytes, maskOf, requests, valuesBytes } from "./uapi.ts";

export type Kernel = { readonly ioctl: Ioctl; readonly createPoller: CreatePoller };

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
  const events = new Uint8Array(eventsAtOnce * eventBytes);
  let poller: Poller | undefined;
  let isOpen = true;

  function ask(request: number, argument: Uint8Array, what: string): void {
    if (!isOpen) throw new BulkheadError("GPIO_GONE", `${name} was released`);
    try {
      ioctl(fd, request, argument);
    } catch (cause) {
      throw gpioFault(`${name} cannot be ${what}`, cause);
    }
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
    async read() {
      ask(requests.getValues, values, "read");
      return pins.map((_, index) => bitOf(words, index));
    },
    async write(levels) {
      if (settings.direction === "in") throw new BulkheadError("DEVICE_FAILED", `${name} is an input`);
      words[0] = wordOf(levels, 0);
      words[1] = wordOf(levels, 32);
      ask(requests.setValues, values, "written");
    },
    async watch(edges, onEdge, onGone) {
      poller?.close();
      poller = undefined;
      ask(requests.setConfig, encodeConfig(settings, edges, pins.length), "watched");
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
