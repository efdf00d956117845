/** `bulkhead device state`. */
import { defineCommand } from "citty";
import { timeoutOf, timeoutOption } from "../api/commands.ts";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { formatReport } from "./format-report.ts";
import { observe } from "./observe.ts";
import { openOperators, operatorOptions } from "./operators.ts";

export const state = defineCommand({
  meta: {
    name: "state",
    description: "Ask a device for its whole state now: components, channels, resources, storage, clock, update.",
  },
  args: { ...deviceArgument, ...timeoutOption("60"), ...operatorOptions, ...serverOption, ...jsonOption },
  async run({ args }) {
    const timeoutMs = timeoutOf(args.timeout);
    const client = await openStudio(args.name);
    const device = await lookUpDevice(client, args.device);
    const signers = await openOperators(args, device);
    const { report } = await withProgress(`Waiting for ${device.name}`, () =>
      observe(client, device.id, { kind: "report" }, timeoutMs, signers),
    );
    printResult(args.json, { report }, formatReport(report));
  },
});
