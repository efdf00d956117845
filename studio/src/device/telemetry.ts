/** `bulkhead device telemetry`. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { integerOption } from "../cli/numbers.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { formatTelemetry } from "./format-telemetry.ts";

/** What the management service gives at once of a stream. */
const mostSamples = 5000;

export const telemetry = defineCommand({
  meta: { name: "telemetry", description: "Show what the components of a device measured, and what of it was lost." },
  args: {
    ...deviceArgument,
    limit: { type: "string", description: "How many of the newest samples of each stream.", default: "120" },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const limit = integerOption("limit", args.limit, 1, mostSamples);
    const client = await openStudio(args.name);
    const { id } = await lookUpDevice(client, args.device);
    const answer = await client.telemetryOf(id, { limit });
    printResult(args.json, answer, formatTelemetry(answer, Date.now()));
  },
});
