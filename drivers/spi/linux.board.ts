/** The SPI driver on the kernel's own controllers (spi-imx) with a memory behind them: all of an i.MX 6; of an i.MX 8M QEMU wires no chip select. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { findIn, firstOf, unbind } from "../sysfs/testing/board.ts";
import { compiledAddOn } from "../testing/compiled-add-on.ts";
import { installedIoctl } from "../testing/installed-ioctl.ts";
import { loadAddOn } from "./addon.ts";
import { conformance } from "./conformance.ts";
import type { SpiTerms } from "./driver.ts";
import { linuxSpi } from "./linux.ts";
import { n25q128a, sst25vf016b } from "./testing/chips.ts";

const chips = { "2008000.spi": sst25vf016b, "30840000.spi": n25q128a } as const;
/** SPI_IOC_RD_MODE and SPI_IOC_RD_MAX_SPEED_HZ (include/uapi/linux/spi/spidev.h). */
const [readMode, readSpeed] = [0x8001_6b01, 0x8004_6b04];

/** The kernel sets a device, and not each program's use of it. */
async function observe(node: string): Promise<SpiTerms> {
  const ioctl = installedIoctl();
  const file = await open(node, "r+");
  try {
    const [mode, speed] = [Buffer.alloc(1), Buffer.alloc(4)];
    ioctl(file.fd, readMode, mode);
    ioctl(file.fd, readSpeed, speed);
    return {
      mode: (mode.readUInt8() & 3) as SpiTerms["mode"],
      speed: new Uint32Array(speed.buffer, speed.byteOffset)[0] ?? 0,
    };
  } finally {
    await file.close();
  }
}

conformance("spi-imx", async () => {
  const controller = firstOf("platform", Object.keys(chips)) as keyof typeof chips;
  const master = await findIn(join("/sys/bus/platform/devices", controller, "spi_master"), /^spi\d+$/);
  const [bus = ""] = /\d+$/.exec(master) ?? [];
  return {
    create: () => linuxSpi(loadAddOn(compiledAddOn("spi"))),
    ...{ device: `spi-${bus}.0`, chip: chips[controller], modes: [0, 3], absent: "spi-7.3" },
    observe: () => observe(`/dev/spidev${bus}.0`),
    unplug: () => unbind("/sys/bus/spi/drivers/spidev", `spi${bus}.0`),
    close: async () => {},
  };
});
