/** `bulkhead device show`. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { formatDevice } from "./format.ts";
import { formatResources } from "./format-resources.ts";

export const show = defineCommand({
  meta: {
    name: "show",
    description: "Show one device: connection, release, and state and resources of each component.",
  },
  args: { ...deviceArgument, ...serverOption, ...jsonOption },
  async run({ args }) {
    const client = await openStudio(args.name);
    const device = await lookUpDevice(client, args.device);
    const [answer, reported] = await Promise.all([client.status(device.id), client.resources(device.id)]);
    const nowMs = Date.now();
    const text = `${formatDevice(device, answer, nowMs)}\n\n${formatResources(reported, nowMs)}`;
    printResult(args.json, { device, ...answer, resources: reported.resources }, text);
  },
});
