/**
 * The GPIO driver server: gives each client the one line that its grant names. An output whose client goes, or whose
 * driver stops, falls back to 0: nobody is left to switch it off.
 */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, type Log, type ServedClient } from "@bulkhead/sdk";
import { requireSimulated } from "../backend.ts";
import { simulatedPinsInterface } from "../simulation/interface.ts";
import type { GpioDriver, Line } from "./driver.ts";
import { gpioLineInterface } from "./interface.ts";
import { simulatedGpio } from "./simulated.ts";

type LineClient = ServedClient<typeof gpioLineInterface>;

export const component = defineComponent({
  uses: { plant: simulatedPinsInterface },
  provides: { line: gpioLineInterface },
  start({ uses, provides, config, log, onStop }) {
    requireSimulated("gpio", config);
    const lines = keepLines(simulatedGpio(uses.plant), log);
    provides.line.serve((client) => {
      const line = lines.open(client);
      client.onGone(() => void lines.close(client));
      return {
        read: async () => ({ level: await (await line).read() }),
        write: async ({ level }) => {
          await (await line).write(level);
          return null;
        },
        watch: async ({ edges }) => {
          await (await line).watch(edges, (edge) => client.notify("edge", edge));
          return null;
        },
      };
    });
    onStop(() => lines.closeAll());
  },
});

type Lines = {
  open(client: LineClient): Promise<Line>;
  close(client: LineClient): Promise<void>;
  closeAll(): Promise<void>;
};

/** The lines that clients have. Opening one waits for its last holder to be gone: a client that restarts finds it free. */
function keepLines(driver: GpioDriver, log: Log): Lines {
  const held = new Map<LineClient, Promise<Line>>();
  const closing = new Map<string, Promise<void>>();

  async function letGo(client: LineClient, line: Promise<Line>): Promise<void> {
    const { pin, direction } = client.grant;
    try {
      const taken = await line;
      if (direction === "out") await taken.write(0);
      await taken.release();
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "GPIO_LINE_BUSY") return; // It never had the line.
      log.error(`pin ${pin} may not be in its safe state`, { client: client.component, error });
    }
  }

  async function close(client: LineClient): Promise<void> {
    const line = held.get(client);
    if (!line) return;
    held.delete(client);
    const closed = letGo(client, line);
    closing.set(client.grant.pin, closed);
    await closed;
  }

  return {
    open(client) {
      const { pin, direction } = client.grant;
      const free = closing.get(pin) ?? Promise.resolve();
      const line = free.then(() => driver.claim(pin, direction));
      line.catch(() => {}); // The first call that needs the line tells it.
      held.set(client, line);
      return line;
    },
    close,
    async closeAll() {
      await Promise.all([...held.keys()].map(close));
    },
  };
}
