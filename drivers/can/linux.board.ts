/** The CAN driver on the kernel's own controllers, which the board has two of on one wire. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll } from "vitest";
import { compiledAddOn } from "../testing/compiled-add-on.ts";
import { loadAddOn } from "./addon.ts";
import { conformance } from "./conformance.ts";
import { linuxCan } from "./linux.ts";

// On a device the root server does this, by the board file.
beforeAll(async () => {
  for (const name of ["can0", "can1"])
    await promisify(execFile)("ip", ["link", "set", name, "up", "type", "can", "bitrate", "500000"]);
});

conformance("two controllers SJA1000", {
  create: () => linuxCan(loadAddOn(compiledAddOn("can"))),
  sender: "can0",
  receiver: "can1",
  absent: "can7",
});
