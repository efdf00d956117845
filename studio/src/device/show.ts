/** `bulkhead device show`. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { formatDevice } from "./format.ts";

export const show = defineCommand({
  meta: { name: "show", description: "Show one device: connection, release, and the state of each component." },
  args: { ...deviceArgument, ...serverOption, ...jsonOption },
  async run({ args }) {
    const client = await openStudio(args.name);
    const device = await lookUpDevice(client, args.device);
    const answer = await client.status(device.id);
    printResult(args.json, { device, ...answer }, formatDevice(device, answer, Date.now()));
  },
});
