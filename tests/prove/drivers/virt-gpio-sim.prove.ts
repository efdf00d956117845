/** Both GPIO back-ends on the kernel's GPIO simulation: one suite for the two, what each alone can, and a driver that is killed. */
import { describe } from "vitest";
import { driverBundle, driverBundleEntry, driverBundleFolder } from "../../../drivers/gpio/testing/driver-bundle.ts";
import { virtGpioSim } from "../../../hardware-in-loop/emulated/boards/virt-gpio-sim.ts";
import { boardSpecs } from "../../../hardware-in-loop/emulated/specs.ts";
import { bundle } from "../../../studio/src/build/bundle.ts";
import { proveInGuest } from "../guest/verdicts.ts";

const makeFolder = async () => {
  await bundle("program", driverBundleEntry, driverBundle);
  return driverBundleFolder;
};

describe("[K11] gpio on gpio-sim", () => {
  proveInGuest(
    virtGpioSim,
    {
      "drivers/gpio/chardev/chardev.board.ts": [],
      "drivers/gpio/sysfs.board.ts": [],
      "drivers/gpio/server.board.ts": [],
    },
    { ...boardSpecs, makeFolder },
  );
});
