/** The I2C driver server: gives each client the one device that its grant names. */
import { fileURLToPath } from "node:url";
import { BulkheadError } from "@bulkhead/protocol";
import { type Client, defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { simulatedBusInterface } from "../simulation/interface.ts";
import { createTurns } from "../turns.ts";
import { loadAddOn } from "./addon.ts";
import type { I2cDriver } from "./driver.ts";
import { i2cBus, loadI2cBus } from "./i2c-bus.ts";
import { i2cDeviceInterface, registerNumber } from "./interface.ts";
import { linuxI2c } from "./linux.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { simulatedI2c } from "./simulated.ts";

type Plant = Client<typeof simulatedBusInterface> | undefined;

/** `simulated` on board `virtual`, `linux` on boards with hardware: the compiler writes it. */
const configSchema = z.object({
  backend: z.enum(["simulated", "linux"]),
  /** By which of the kernel's requests: I2C_RDWR by our native part, or those of package i2c-bus. */
  interface: z.enum(["i2c-rdwr", "i2c-bus"]).default("i2c-rdwr"),
});

/** An I2C driver over the back-end that `create` makes. */
export const i2cDriver = (create: (config: unknown, plant: Plant) => I2cDriver) =>
  defineComponent({
    mayUse: { plant: simulatedBusInterface },
    provides: { device: i2cDeviceInterface },
    start({ mayUse, provides, config }) {
      const driver = oneAtATime(create(config, mayUse.plant));
      provides.device.serve(({ grant }) => {
        const { bus, address } = grant;
        // One of its calls waits for the bus, however many it makes.
        const own = createTurns();
        const transfer = (write: Uint8Array, length: number) =>
          own(() => driver.transfer(bus, address, Uint8Array.from(write), length));
        return {
          readRegister: async ({ register, length }) => ({
            data: await transfer(Uint8Array.from(registerNumber(grant, register)), length),
          }),
          async writeRegister({ register, data }) {
            await transfer(Uint8Array.of(...registerNumber(grant, register), ...data), 0);
            return null;
          },
          transfer: async ({ write, readLength }) => ({ read: await transfer(write, readLength) }),
        };
      });
    },
  });

/** The bundle has the add-on of its interface beside it (studio/src/build/add-ons.ts), and a sandbox shows the nodes of buses in /dev. */
export const component = i2cDriver((config, plant) => {
  const { backend, interface: by } = configSchema.parse(config);
  if (backend === "simulated") return simulatedI2c(plantOf(plant));
  const beside = (file: string) => fileURLToPath(new URL(file, import.meta.url));
  const pathOf = (bus: number) => `/dev/i2c-${bus}`;
  return by === "i2c-bus"
    ? i2cBus(loadI2cBus(beside("i2c-bus.node")), pathOf)
    : linuxI2c(loadAddOn(beside("i2c.node")), pathOf);
});

function plantOf(plant: Plant): NonNullable<Plant> {
  if (plant !== undefined) return plant;
  throw new BulkheadError("DRIVER_BACKEND_UNAVAILABLE", "the i2c driver of board virtual has no plant", {
    remedy: "write under its `uses`: `plant: <component>.<service that is simulated-bus>`",
  });
}
