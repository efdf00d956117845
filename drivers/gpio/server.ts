/** The GPIO driver server: gives each client the one line that its grant names. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, type Log, type ServedClient } from "@bulkhead/sdk";
import { simulatedPinsInterface } from "../simulation/interface.ts";
import { openBackend } from "./backend.ts";
import type { GpioDriver } from "./driver.ts";
import { gpioLineInterface } from "./interface.ts";
import type { Listener } from "./kept-line.ts";
import { createOutlet, type Outlet } from "./outlet.ts";

type LineClient = ServedClient<typeof gpioLineInterface>;

/** A GPIO driver over the back-end that `create` makes. */
export const gpioDriver = (create: typeof openBackend) =>
  defineComponent({
    uses: {},
    /** The pins of board `virtual`. */
    mayUse: { plant: simulatedPinsInterface },
    provides: { line: gpioLineInterface },
    async start({ mayUse, provides, config, log, onStop }) {
      const driver = create(config, mayUse.plant);
      const outlets = new Map<string, Outlet>();
      onStop(async () => {
        await Promise.all([...outlets.values()].map((outlet) => outlet.close()));
      });
      const outletOf = (grant: LineClient["grant"]): Outlet => {
        // The manifest's rules give a pin to one channel.
        const outlet = outlets.get(grant.pin) ?? createOutlet(driver, grant, log);
        outlets.set(grant.pin, outlet);
        return outlet;
      };
      provides.line.serve((client) => serveLine(client, outletOf(client.grant), driver, log));
      // Also what a driver that crashed left as it was: before anybody is served again.
      await Promise.all(provides.line.channels().map(({ grant }) => outletOf(grant).hold()));
    },
  });

export const component = gpioDriver(openBackend);

function serveLine(client: LineClient, outlet: Outlet, driver: GpioDriver, log: Log) {
  const holder: Listener = {
    onEdge: ({ level, timeUs, sequence }) => void client.notify("edge", { level, timeUs, sequence }),
    onPresence: (isPresent) => void client.notify("presence", { isPresent }),
  };
  let isHeld = outlet.take(holder);
  client.onGone(() => {
    outlet.leave(holder).catch((error: unknown) => log.error(`pin ${client.grant.pin} was not given back`, { error }));
  });
  const held = (): Outlet => {
    isHeld ||= outlet.take(holder);
    if (isHeld) return outlet;
    throw new BulkheadError("GPIO_LINE_BUSY", `another client has pin ${client.grant.pin}`);
  };
  return {
    read: async () => ({ level: await held().read() }),
    async write({ level }: { level: 0 | 1 }) {
      await held().write(level);
      return null;
    },
    async watch({ edges }: { edges: "none" | "rising" | "falling" | "both" }) {
      await held().watch(edges);
      return { stamped: driver.stamps };
    },
  };
}
