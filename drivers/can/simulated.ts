/** The back-end of board `virtual`: each device is a bus in memory, on which every client hears what the others send. */
import type { CanDriver, CanFrame, CanListener } from "./driver.ts";

type Node = { readonly receive: ReadonlySet<number>; readonly listener: CanListener };

export function simulatedCan(): CanDriver {
  const buses = new Map<string, Set<Node>>();
  return {
    open(device, receive, listener) {
      const bus = buses.get(device) ?? new Set();
      buses.set(device, bus);
      const own: Node = { receive: new Set(receive), listener };
      bus.add(own);
      return {
        send(frame) {
          for (const node of bus) if (node !== own && node.receive.has(frame.id)) deliver(node, frame);
        },
        close: () => void bus.delete(own),
      };
    },
  };
}

/** In a turn of its own, as from a kernel. */
function deliver({ listener }: Node, { id, data }: CanFrame): void {
  const timeUs = Date.now() * 1000;
  const copy = Uint8Array.from(data);
  setImmediate(() => listener.onFrame({ id, data: copy, timeUs }));
}
