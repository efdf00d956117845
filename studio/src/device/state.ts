/** `bulkhead device state`. */
import { defineCommand } from "citty";
import { printResult, withProgress } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { formatReport } from "./format-report.ts";
import { observe } from "./observe.ts";
import { reachDevice, reachOptions } from "./reach.ts";

export const state = defineCommand({
  meta: {
    name: "state",
    description: "Ask a device for its whole state now: components, channels, resources, storage, clock, update.",
  },
  args: { ...deviceArgument, ...reachOptions },
  async run({ args }) {
    const { client, device, signers, timeoutMs } = await reachDevice(args);
    const { report } = await withProgress(`Waiting for ${device.name}`, () =>
      observe(client, device.id, { kind: "report" }, timeoutMs, signers),
    );
    printResult(args.json, { report }, formatReport(report));
  },
});
