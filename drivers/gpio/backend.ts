/** Which back-end the driver has, as the compiler wrote it into the configuration: by the board, or as the manifest says. */
import { fileURLToPath } from "node:url";
import { BulkheadError, devicesDirectory } from "@bulkhead/protocol";
import type { Client } from "@bulkhead/sdk";
import { z } from "zod";
import { loadAddon } from "../serial/addon.ts";
import type { simulatedPinsInterface } from "../simulation/interface.ts";
import { loadIoctl } from "../system-calls.ts";
import { chardevGpio } from "./chardev/index.ts";
import type { GpioDriver } from "./driver.ts";
import { pinPlaceSchema } from "./pins.ts";
import { simulatedGpio } from "./simulated.ts";
import { sysfsGpio } from "./sysfs.ts";

const configSchema = z.discriminatedUnion("backend", [
  z.object({ backend: z.literal("simulated") }),
  z.object({
    backend: z.literal("linux"),
    interface: z.enum(["chardev", "sysfs"]),
    pins: z.record(z.string(), pinPlaceSchema),
  }),
]);

/** Throws DRIVER_BACKEND_UNAVAILABLE. */
export function openBackend(config: unknown, plant: Client<typeof simulatedPinsInterface> | undefined): GpioDriver {
  const parsed = configSchema.parse(config);
  if (parsed.backend === "simulated") {
    if (plant) return simulatedGpio(plant);
    throw new BulkheadError("DRIVER_BACKEND_UNAVAILABLE", "the simulated back-end has no plant to drive", {
      remedy: "give the driver `uses: { plant: <component>.pins }`",
    });
  }
  const { createPoller } = loadAddon(beside("serialport.node"));
  const { pins } = parsed;
  if (parsed.interface === "sysfs") {
    return sysfsGpio({ pins, createPoller, directoryOf: (bank) => `${devicesDirectory}/gpio-${bank}` });
  }
  const ioctl = loadIoctl(beside("koffi.node"));
  return chardevGpio({ pins, createPoller, ioctl, nodeOf: (bank) => `/dev/gpio-${bank}` });
}

/** The bundle has its add-ons beside it (studio/src/build/add-ons.ts). */
const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
