/** The back-end of board `virtual`: pins are those of the simulated plant. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Client } from "@bulkhead/sdk";
import type { simulatedPinsInterface } from "../simulation/interface.ts";
import type { Edge, Edges, GpioDriver, Line, PinLevel } from "./driver.ts";

type Watch = (level: PinLevel) => void;

export function simulatedGpio(plant: Client<typeof simulatedPinsInterface>): GpioDriver {
  const claimed = new Map<string, Watch | undefined>();
  plant.channel.on("changed", ({ pin, level }) => claimed.get(pin)?.(level));

  return {
    async claim(pin, direction) {
      if (claimed.has(pin)) throw new BulkheadError("GPIO_LINE_BUSY", `pin ${pin} has been claimed already`);
      claimed.set(pin, undefined);
      if (direction === "out") await plant.drive({ pin, level: 0 });
      const line: Line = {
        read: async () => (await plant.sense({ pin })).level,
        async write(level) {
          if (direction === "in") throw new BulkheadError("DEVICE_FAILED", `pin ${pin} is an input`);
          await plant.drive({ pin, level });
        },
        async watch(edges, onEdge) {
          claimed.set(pin, edges === "none" ? undefined : countEdges(edges, onEdge));
        },
        async release() {
          claimed.delete(pin);
        },
      };
      return line;
    },
  };
}

/** Stamps and counts, as a kernel would: also the edges that are not asked for do not count. */
function countEdges(edges: Exclude<Edges, "none">, onEdge: (edge: Edge) => void): Watch {
  let sequence = 0;
  return (level) => {
    const isAsked = edges === "both" || (edges === "rising") === (level === 1);
    if (isAsked) onEdge({ level, timeUs: Math.round(performance.now() * 1000), sequence: sequence++ });
  };
}
