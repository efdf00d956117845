/** The serial driver server: gives each client the one port that its grant names. */
import { fileURLToPath } from "node:url";
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, type SerialSettings, type ServedClient, serialPortInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { loadAddon } from "./addon.ts";
import type { Bytes, SerialDriver, SerialPort } from "./driver.ts";
import { linuxSerial } from "./linux.ts";
import { simulatedSerial } from "./simulated.ts";

/** `simulated` on board `virtual`, `linux` on boards with hardware: the compiler writes it. */
const configSchema = z.object({ backend: z.enum(["simulated", "linux"]) });

/** A serial driver over the back-end that `create` makes. */
export const serialDriver = (create: (config: unknown) => SerialDriver) =>
  defineComponent({
    provides: { port: serialPortInterface },
    start({ provides, config, onStop }) {
      const driver = create(config);
      const lines = new Set<ReturnType<typeof createLine>>();
      provides.port.serve((client) => {
        const line = createLine(driver, client);
        lines.add(line);
        client.onGone(() => {
          lines.delete(line);
          void line.close();
        });
        return line.handlers;
      });
      onStop(async () => {
        await Promise.all([...lines].map((line) => line.close()));
      });
    },
  });

/** The bundle has the add-on beside it (studio/src/build/add-ons.ts), and a sandbox shows the nodes of ports in /dev. */
export const component = serialDriver((config) => {
  const { backend } = configSchema.parse(config);
  if (backend === "simulated") return simulatedSerial();
  return linuxSerial(loadAddon(fileURLToPath(new URL("serialport.node", import.meta.url))), "/dev");
});

/** One client's use of its port. Opening waits for what came before it to be closed. */
function createLine(driver: SerialDriver, { grant: { port: name } }: ServedClient<typeof serialPortInterface>) {
  let isLeft = false;
  let port: SerialPort | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  /** What the next reader gets: a reader that leaves takes nothing with it. */
  let ahead: Promise<Bytes | undefined> | undefined;
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
  const opened = (): SerialPort => {
    if (port) return port;
    throw new BulkheadError("SERIAL_PORT_GONE", `${name} has not been opened`, { remedy: "call `open` first" });
  };
  async function shut(): Promise<void> {
    const last = port;
    port = undefined;
    ahead = undefined;
    await last?.close();
  }
  return {
    close() {
      isLeft = true;
      return next(shut);
    },
    handlers: {
      open: (settings: SerialSettings) =>
        next(async () => {
          await shut();
          // Its client went while it waited.
          if (isLeft) return null;
          port = await driver.open(name, settings);
          return null;
        }),
      async write({ data }: { data: Uint8Array }) {
        await opened().write(data as Bytes);
        return null;
      },
      async drain() {
        await opened().drain();
        return null;
      },
      async *input(_: null, { signal }: { signal: AbortSignal }) {
        const source = opened();
        for (;;) {
          if (port !== source) return;
          ahead ??= source.read();
          const data = await unlessAborted(ahead, signal);
          if (data === undefined) return;
          ahead = undefined;
          yield { data };
        }
      },
    },
  };
}

/** Undefined as soon as the reader has gone. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    work.then(resolve, reject);
  });
}
