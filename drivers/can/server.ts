/** The CAN driver server: a socket for each client, with the identifiers of its grant. */
import { fileURLToPath } from "node:url";
import { BulkheadError, type CanBusGrant } from "@bulkhead/protocol";
import { defineComponent, type Handlers, type ServedClient } from "@bulkhead/sdk";
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
      const sockets = new Map<string, Socket>();
      let isStopping = false;
      provides.bus.serve((client) => {
        const key = JSON.stringify([client.component, client.name, client.grant]);
        const socket = sockets.get(key) ?? createSocket(driver, client.grant);
        sockets.set(key, socket);
        if (isStopping) socket.close();
        return socket.serve(client);
      });
      onStop(() => {
        isStopping = true;
        for (const socket of sockets.values()) socket.close();
      });
    },
  });

/** The bundle has the add-on beside it (studio/src/build/add-ons.ts), and the network namespace has the interfaces by the board's names. */
export const component = canDriver((config) => {
  const { backend } = configSchema.parse(config);
  if (backend === "simulated") return simulatedCan();
  return linuxCan(loadAddOn(fileURLToPath(new URL("can.node", import.meta.url))));
});

type Socket = { serve(client: BusClient): Handlers<typeof canBusInterface>; close(): void };

/**
 * A channel's use of the bus, whichever life of its client: to end a socket stops the driver for up to 100 ms, until the add-on's thread has
 * seen it, and the add-on keeps its descriptor until it is collected. Where the interface is not there, or was taken away, each use looks again.
 */
function createSocket(driver: CanDriver, { device, receive }: CanBusGrant): Socket {
  const inbox = createInbox();
  let client: BusClient | undefined;
  let state: CanState = "active";
  let port: CanPort | undefined;
  let isClosed = false;
  const opened = (): CanPort => {
    if (isClosed) throw new BulkheadError("DEVICE_ABSENT", `${device} has been closed`);
    port ??= driver.open(device, receive, {
      onFrame: (frame) => inbox.put(frame),
      onState(next) {
        state = next;
        client?.notify("state", { state });
      },
      onGone() {
        port = undefined;
        inbox.fail(new BulkheadError("DEVICE_ABSENT", `${device} was taken away`));
      },
    });
    return port;
  };
  return {
    close() {
      isClosed = true;
      port?.close();
      port = undefined;
      inbox.fail(new BulkheadError("DEVICE_ABSENT", `${device} has been closed`));
    },
    serve(comer) {
      client = comer;
      comer.onGone(() => {
        if (client === comer) client = undefined;
      });
      return {
        send({ id, data }) {
          opened().send({ id, data: Uint8Array.from(data) } satisfies CanFrame);
          return null;
        },
        state: () => ({ state }),
        async *frames(_, { signal }) {
          opened();
          yield* inbox.read(signal);
        },
      };
    },
  };
}
