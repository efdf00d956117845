/** The GPIO driver as a process to be killed, in one file: from its sources it starts in minutes on an emulated board whose host is busy. */
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** From the root of the checkout; made on the host (tests/prove/drivers/virt-gpio-sim.prove.ts). */
export const driverBundleFolder = ".cache/gpio-driver-process";
export const driverBundle = join(root, driverBundleFolder, "main.js");
export const driverBundleEntry = join(import.meta.dirname, "driver-process.ts");
