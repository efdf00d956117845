/** The SPI driver server: gives each client the one device that its grant names, on the grant's terms. */
import { fileURLToPath } from "node:url";
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { createTurns } from "../turns.ts";
import { loadAddOn } from "./addon.ts";
import type { SpiDevice, SpiDriver } from "./driver.ts";
import { spiDeviceInterface } from "./interface.ts";
import { linuxSpi } from "./linux.ts";
import { simulatedSpi } from "./simulated.ts";

/** `simulated` on board `virtual`, `linux` on boards with hardware: the compiler writes it. */
const configSchema = z.object({ backend: z.enum(["simulated", "linux"]) });

/** A SPI driver over the back-end that `create` makes. */
export const spiDriver = (create: (config: unknown) => SpiDriver) =>
  defineComponent({
    provides: { device: spiDeviceInterface },
    start({ provides, config, onStop }) {
      const driver = create(config);
      const lines = new Map<string, ReturnType<typeof createLine>>();
      provides.device.serve(({ grant: { device, speed: highest, mode }, onGone }) => {
        const line = lines.get(device) ?? createLine(driver, device);
        lines.set(device, line);
        onGone(() => void line.leave());
        // One of its calls waits for the device, however many it makes.
        const own = createTurns();
        return {
          async transfer({ write, speed = highest }) {
            const terms = { speed: highest, mode: mode as 0 | 1 | 2 | 3 };
            const read = await own(() => line.use(terms, (open) => open.transfer(Uint8Array.from(write), speed)));
            return { read };
          },
        };
      });
      onStop(async () => {
        await Promise.all([...lines.values()].map((line) => line.leave()));
      });
    },
  });

/** The bundle has the add-on beside it (studio/src/build/add-ons.ts), and a sandbox shows the nodes of devices in /dev. */
export const component = spiDriver((config) => {
  const { backend } = configSchema.parse(config);
  if (backend === "simulated") return simulatedSpi();
  return linuxSpi(loadAddOn(fileURLToPath(new URL("spi.node", import.meta.url))));
});

/**
 * One device: opened for the first transfer, and again after a fault, for it may have been taken away and be back. Transfers go one after
 * the other. Its mode is one for all who use it.
 */
function createLine(driver: SpiDriver, device: string) {
  let opened: { readonly mode: number; readonly device: SpiDevice } | undefined;
  const next = createTurns();
  async function shut(): Promise<void> {
    const last = opened;
    opened = undefined;
    await last?.device.close();
  }
  return {
    use: <T>(terms: { speed: number; mode: 0 | 1 | 2 | 3 }, work: (open: SpiDevice) => Promise<T>): Promise<T> =>
      next(async () => {
        if (opened && opened.mode !== terms.mode) {
          throw new BulkheadError("DEVICE_BUSY", `another client has ${device} in mode ${opened.mode}`);
        }
        opened ??= { mode: terms.mode, device: await driver.open(device, terms) };
        return work(opened.device).catch(async (error: unknown) => {
          await shut();
          throw error;
        });
      }),
    leave: () => next(shut),
  };
}
