/** The GPIO driver server: gives each client the one line that its grant names, or the several. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, type Log, type ServedClient } from "@bulkhead/sdk";
import { simulatedPinsInterface } from "../simulation/interface.ts";
import { openBackend } from "./backend.ts";
import type { Edge, GpioDriver, PinLevel } from "./driver.ts";
import { gpioLineInterface, gpioLinesInterface } from "./interface.ts";
import { type Listener, nameOf } from "./kept-line.ts";
import { createOutlet, type GpioGrant, type Outlet, pinsOf } from "./outlet.ts";

type LineClient = ServedClient<typeof gpioLineInterface>;
type LinesClient = ServedClient<typeof gpioLinesInterface>;
type Watch = { edges: "none" | "rising" | "falling" | "both" };

/** A GPIO driver over the back-end that `create` makes. */
export const gpioDriver = (create: typeof openBackend) =>
  defineComponent({
    uses: {},
    /** The pins of board `virtual`. */
    mayUse: { plant: simulatedPinsInterface },
    provides: { line: gpioLineInterface, lines: gpioLinesInterface },
    async start({ mayUse, provides: { line, lines }, config, log, onStop }) {
      const driver = create(config, mayUse.plant);
      const outlets = new Map<string, Outlet>();
      onStop(async () => {
        await Promise.all([...outlets.values()].map((outlet) => outlet.close()));
      });
      const outletOf = (grant: GpioGrant): Outlet => {
        // The manifest's rules give a pin to one channel.
        const key = pinsOf(grant).join(", ");
        const outlet = outlets.get(key) ?? createOutlet(driver, grant, log);
        outlets.set(key, outlet);
        return outlet;
      };
      line.serve((client) => serveLine(client, outletOf(client.grant), driver, log));
      lines.serve((client) => serveLines(client, outletOf(client.grant), driver, log));
      // Also what a driver that crashed left as it was: before anybody is served again.
      const granted: GpioGrant[] = [...line.channels(), ...lines.channels()].map(({ grant }) => grant);
      await Promise.all(granted.map((grant) => outletOf(grant).hold()));
    },
  });

export const component = gpioDriver(openBackend);

function serveLine(client: LineClient, outlet: Outlet, { stamps }: GpioDriver, log: Log) {
  const held = holdFor(client, outlet, log, ({ level, timeUs, sequence }) => {
    void client.notify("edge", { level, timeUs, sequence });
  });
  return {
    read: async () => ({ level: (await held().read())[0] ?? 0 }),
    async write({ level }: { level: PinLevel }) {
      await held().write([level]);
      return null;
    },
    async watch({ edges }: Watch) {
      await held().watch(edges);
      return { stamped: stamps };
    },
  };
}

function serveLines(client: LinesClient, outlet: Outlet, { stamps }: GpioDriver, log: Log) {
  const held = holdFor(client, outlet, log, (edge) => void client.notify("edge", edge));
  const count = client.grant.pins.length;
  return {
    read: async () => ({ levels: await held().read() }),
    async write({ levels }: { levels: PinLevel[] }) {
      if (levels.length !== count) {
        throw new BulkheadError("DEVICE_VALUE_REFUSED", `${count} pins take ${count} levels, not ${levels.length}`);
      }
      await held().write(levels);
      return null;
    },
    async watch({ edges }: Watch) {
      await held().watch(edges);
      return { stamped: stamps };
    },
  };
}

/** The outlet, for as long as `client` is there. Throws GPIO_LINE_BUSY while another has it. */
function holdFor(client: LineClient | LinesClient, outlet: Outlet, log: Log, onEdge: (edge: Edge) => void) {
  const name = nameOf(pinsOf(client.grant));
  const holder: Listener = { onEdge, onPresence: (isPresent) => void client.notify("presence", { isPresent }) };
  let isHeld = outlet.take(holder);
  let hasGone = false;
  client.onGone(() => {
    hasGone = true;
    isHeld = false;
    outlet.leave(holder).catch((error: unknown) => log.error(`${name} not given back`, { error }));
  });
  return (): Outlet => {
    isHeld ||= !hasGone && outlet.take(holder);
    if (isHeld) return outlet;
    throw new BulkheadError("GPIO_LINE_BUSY", hasGone ? `${name} is given back` : `another client has ${name}`);
  };
}
