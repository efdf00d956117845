/** `bulkhead device token`: what a card needs for its board to enrol itself, as a file, for a machine that flashes and sees no management service. */
import { resolve } from "node:path";
import { BulkheadError, enrolmentLife } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { inDeployment } from "../flash/enrolment.ts";
import { writeTokenFile } from "../flash/token-file.ts";

export const token = defineCommand({
  meta: {
    name: "token",
    description: "Make a one-time token, by which a board enrols itself (bulkhead flash --token-file).",
  },
  args: {
    device: { type: "positional", description: "Name that the device will have.", required: true },
    out: { type: "string", description: "The file to make; it holds secrets.", valueHint: "FILE", required: true },
    hours: { type: "string", description: "How long it is good for, at most 168.", default: "24" },
    deployment: {
      type: "string",
      description: "Whose overlays the board takes, for good. Default: default.",
      valueHint: "NAME",
    },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const lifeMs = Math.round(Number(args.hours) * 3600_000);
    if (!(lifeMs >= enrolmentLife.minMs && lifeMs <= enrolmentLife.maxMs))
      throw new BulkheadError("USAGE", "this is no time for a token", { remedy: "give hours, at most 168" });
    const client = await openStudio(args.name);
    const file = resolve(args.out);
    const { expiresAtMs } = await writeTokenFile(client, args.device, file, { lifeMs, ...inDeployment(args) });
    const words = `${file}: good for one board, until ${new Date(expiresAtMs).toISOString()}`;
    printResult(args.json, { device: args.device, file, expiresAtMs }, words);
  },
});
