/** The back-end of board `virtual`: pins are those of the simulated plant, and the plant is the controller. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Client } from "@bulkhead/sdk";
import type { simulatedPinsInterface } from "../simulation/interface.ts";
import { type Edge, type Edges, type GpioDriver, type Lines, monotonicUs, type PinLevel } from "./driver.ts";

type Claim = { changed: (level: PinLevel) => void; gone: () => void };

export function simulatedGpio(plant: Client<typeof simulatedPinsInterface>): GpioDriver {
  const claims = new Map<string, Claim>();
  plant.channel.on("changed", ({ pin, level }) => claims.get(pin)?.changed(level));
  plant.channel.onPeer(({ up }) => {
    if (!up) for (const claim of [...claims.values()]) claim.gone();
  });

  /** Bias and drive are a real pin's: here they change nothing. */
  return {
    stamps: "driver",
    async claim(pins, settings) {
      const name = pins.join(", ");
      if (pins.some((pin) => claims.has(pin))) {
        throw new BulkheadError("GPIO_LINE_BUSY", `${name} has been claimed already`);
      }
      const own = pins.map((pin) => ({ pin, claim: { ...silent } }));
      for (const { pin, claim } of own) claims.set(pin, claim);
      const sequences = new Map<string, number>();
      let isOpen = true;
      const each = async <T>(work: (pin: string, index: number) => Promise<T>): Promise<T[]> => {
        if (!isOpen) throw new BulkheadError("GPIO_GONE", `${name} was released`);
        return Promise.all(pins.map(work)).catch((cause) => {
          throw plantFault(name, cause);
        });
      };
      const lines: Lines = {
        read: () => each(async (pin) => (await plant.sense({ pin })).level),
        async write(levels) {
          if (settings.direction === "in") throw new BulkheadError("DEVICE_FAILED", `${name} is an input`);
          await each((pin, index) => plant.drive({ pin, level: levels[index] ?? 0 }));
        },
        async watch(edges, onEdge, onGone) {
          for (const { pin, claim } of own) {
            claim.changed = edges === "none" ? silent.changed : countEdges(pin, edges, sequences, onEdge);
            claim.gone = edges === "none" ? silent.gone : onGone;
          }
        },
        async release() {
          isOpen = false;
          for (const { pin, claim } of own) if (claims.get(pin) === claim) claims.delete(pin);
        },
      };
      try {
        if (settings.direction === "out") await lines.write(pins.map(() => settings.safe));
      } catch (error) {
        await lines.release();
        throw error;
      }
      return lines;
    },
  };
}

const silent: Claim = { changed: () => {}, gone: () => {} };

function plantFault(name: string, cause: unknown): unknown {
  const isGone = cause instanceof BulkheadError && cause.code === "PEER_GONE";
  return isGone ? new BulkheadError("GPIO_GONE", `${name}: the plant has gone`, { cause }) : cause;
}

/** Stamps and counts, as a kernel would: edges that are not asked for do not count. */
function countEdges(
  pin: string,
  edges: Exclude<Edges, "none">,
  sequences: Map<string, number>,
  onEdge: (edge: Edge) => void,
): Claim["changed"] {
  return (level) => {
    const isAsked = edges === "both" || (edges === "rising") === (level === 1);
    if (!isAsked) return;
    const sequence = sequences.get(pin) ?? 0;
    sequences.set(pin, sequence + 1);
    onEdge({ pin, level, timeUs: monotonicUs(), sequence });
  };
}
