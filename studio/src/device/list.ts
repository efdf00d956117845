/** `bulkhead device ls`. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { asShown } from "./find-device.ts";
import { formatDevices } from "./format.ts";

export const list = defineCommand({
  meta: { name: "ls", description: "List the devices: connection, release, components." },
  args: { ...serverOption, ...jsonOption },
  async run({ args }) {
    const devices = await (await openStudio(args.name)).devices();
    printResult(args.json, { devices }, formatDevices(devices.map(asShown), Date.now()));
  },
});
