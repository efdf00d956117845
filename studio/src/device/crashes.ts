/** `bulkhead device crashes`. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { formatCrash, formatCrashes } from "./format-crashes.ts";

export const crashes = defineCommand({
  meta: {
    name: "crashes",
    description: "List the last crashes of a device's components, or show one with its stack and last lines.",
  },
  args: {
    ...deviceArgument,
    number: { type: "positional", description: "Which one to show: 1 is the newest.", required: false },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const client = await openStudio(args.name);
    const device = await lookUpDevice(client, args.device);
    const answer = await client.crashes(device.id);
    const nowMs = Date.now();
    if (args.number === undefined) {
      printResult(args.json, answer, formatCrashes(answer, nowMs));
      return;
    }
    const crash = /^\d+$/.test(args.number) ? answer.crashes?.[Number(args.number) - 1] : undefined;
    if (!crash) {
      throw new BulkheadError("USAGE", `there is no crash ${args.number}`, {
        remedy: `bulkhead device crashes ${device.name} lists them: 1 is the newest`,
      });
    }
    printResult(args.json, { crash }, formatCrash(crash, nowMs));
  },
});
