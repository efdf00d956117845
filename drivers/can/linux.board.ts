/** The CAN driver on the kernel's own controllers, which the board has two of on one wire. */
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { beforeAll } from "vitest";
import { unbind } from "../sysfs/testing/board.ts";
import { compiledAddOn } from "../testing/compiled-add-on.ts";
import { loadAddOn } from "./addon.ts";
import { conformance } from "./conformance.ts";
import { linuxCan } from "./linux.ts";

// On a device the root server does this, by the board file.
const bringUp = (name: string) =>
  promisify(execFile)("ip", ["link", "set", name, "up", "type", "can", "bitrate", "500000"]);

beforeAll(async () => {
  for (const name of ["can0", "can1"]) await bringUp(name);
});

conformance("two controllers on one wire", {
  create: () => linuxCan(loadAddOn(compiledAddOn("can"))),
  sender: "can0",
  receiver: "can1",
  absent: "can7",
  async unplug() {
    const device = await realpath("/sys/class/net/can1/device");
    const plug = await unbind(await realpath(`${device}/driver`), basename(device));
    return async () => {
      await plug();
      await bringUp("can1");
    };
  },
});
