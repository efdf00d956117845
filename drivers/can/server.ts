/** The CAN driver server: a socket for each client, with the identifiers of its grant. */
import { fileURLToPath } from "node:url";
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, type ServedClient } from "@bulkhead/sdk";
import { z } from "zod";
import { loadAddOn } from "./addon.ts";
import type { CanDriver, CanFrame, CanPort, CanState } from "./driver.ts";
import { createInbox } from "./inbox.ts";
import { canBusInterface } from "./interface.ts";
import { linuxCan } from "./linux.ts";
import { simulatedCan } from "./simulated.ts";

type BusClient = ServedClient<typeof canBusInterface>;

/** `simulated` on board `virtual`, `linux` on boards with hardware: the compiler writes it. */
const configSchema = z.object({ backend: z.enum(["simulated", "linux"]) });

/** A CAN driver over the back-end that `create` makes. */
export const canDriver = (create: (config: unknown) => CanDriver) =>
  defineComponent({
    provides: { bus: canBusInterface },
    start({ provides, config, onStop }) {
      const driver = create(config);
      const sockets = new Set<ReturnType<typeof createSocket>>();
      provides.bus.serve((client) => {
        const socket = createSocket(driver, client);
        sockets.add(socket);
        client.onGone(() => {
          sockets.delete(socket);
          socket.close();
        });
        return socket.handlers;
      });
      onStop(() => {
        for (const socket of sockets) socket.close();
      });
    },
  });

/** The bundle has the add-on beside it (studio/src/build/add-ons.ts), and the network namespace has the interfaces by the board's names. */
export const component = canDriver((config) => {
  const { backend } = configSchema.parse(config);
  if (backend === "simulated") return simulatedCan();
  return linuxCan(loadAddOn(fileURLToPath(new URL("can.node", import.meta.url))));
});

/** One client's use of the bus. Where its interface is not there, or was taken away, each use looks again. */
function createSocket(driver: CanDriver, client: BusClient) {
  const { device, receive } = client.grant;
  const inbox = createInbox();
  let state: CanState = "active";
  let port: CanPort | undefined;
  const tell = (next: CanState): void => {
    state = next;
    client.notify("state", { state });
  };
  const opened = (): CanPort => {
    port ??= driver.open(device, receive, {
      onFrame: (frame) => inbox.put(frame),
      onState: tell,
      onGone() {
        port = undefined;
        inbox.fail(new BulkheadError("DEVICE_ABSENT", `${device} was taken away`));
      },
    });
    return port;
  };
  return {
    close() {
      port?.close();
      port = undefined;
      inbox.fail(new BulkheadError("DEVICE_ABSENT", `${device} has been closed`));
    },
    handlers: {
      send({ id, data }: { id: number; data: Uint8Array }) {
        opened().send({ id, data: Uint8Array.from(data) } satisfies CanFrame);
        return null;
      },
      state: () => ({ state }),
      async *frames(_: null, { signal }: { signal: AbortSignal }) {
        opened();
        yield* inbox.read(signal);
      },
    },
  };
}
