/**
 * The CAN interfaces of a driver: each is moved into the driver's network namespace, under the board's name, and brought up at the board's
 * speed. The driver has no capability for any of that, and needs none to send and receive (CAN_RAW asks for none).
 */
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Component, InterfacePlace } from "@bulkhead/protocol";
import type { Device } from "../../device/index.ts";
import { applySteps, componentNamespace, type NetworkStep } from "../../network/index.ts";
import { findBelow, kernelsRoots, type Roots } from "./find.ts";

/** A controller that left its bus after too many faults (bus-off) comes back after so long; each time is told to the driver by an error frame. */
const restartAfterMs = 100;

const givenBackMs = 2000;
const betweenTriesMs = 200;
/** What a line of a batch for ip(8) can hold. */
const interfaceName = /^[A-Za-z0-9._-]{1,15}$/;

/** Before the driver starts, each time. One that is not plugged in is left out, with a line in the log: the driver says so to who asks. */
export async function placeInterfaces(
  { config, log }: Device,
  name: string,
  { interfaces = {} }: Component,
  toolsUid: number | null,
  roots: Roots = kernelsRoots,
  waitMs: number = givenBackMs,
): Promise<void> {
  if (config.board === "virtual") return;
  for (const [device, place] of Object.entries(interfaces)) {
    const set = () => setInterface(name, device, place, toolsUid, roots);
    await insist(set, waitMs).catch((error: Error) =>
      log.line(`${name}: ${device} is not there, or cannot be set: ${error.message}`),
    );
  }
}

/** The kernel gives an interface back a moment after the namespace of a generation before this one has gone. */
async function insist(set: () => Promise<void>, waitMs: number): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    try {
      return await set();
    } catch (error) {
      if (performance.now() >= endMs) throw error;
      await delay(betweenTriesMs);
    }
  }
}

async function setInterface(
  component: string,
  device: string,
  place: InterfacePlace,
  toolsUid: number | null,
  roots: Roots,
): Promise<void> {
  const found = await findBelow(roots, place.at, { subsystem: "net", name: interfaceName });
  await applySteps(interfaceSteps(component, device, place, found && basename(found)), { toolsUid });
}

/**
 * `found`: its name in the namespace of the base system, where the kernel puts it and gives it back to; undefined where an earlier start of the
 * driver has taken it from there. Pure.
 */
export function interfaceSteps(
  component: string,
  device: string,
  { bitrate, dataBitrate }: Omit<InterfacePlace, "at">,
  found: string | undefined,
): NetworkStep[] {
  const namespace = componentNamespace(component);
  const data = dataBitrate === undefined ? "" : ` dbitrate ${dataBitrate} fd on`;
  const move = [`link set ${found} down`, `link set ${found} netns ${namespace} name ${device}`];
  return [
    ...(found === undefined ? [] : [{ namespace: "uplink", program: "ip", input: batch(move) } as const]),
    {
      namespace,
      program: "ip",
      input: batch([
        // Its speed is refused to an interface that is up.
        `link set ${device} down`,
        `link set ${device} type can bitrate ${bitrate}${data} restart-ms ${restartAfterMs}`,
        `link set ${device} up`,
      ]),
    },
  ];
}

const batch = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
