/** `bulkhead device token`: what a card needs for its board to enrol itself, as a file, for a machine that flashes and sees no management service. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { BulkheadError, enrolmentLife } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { encodeEnrolment, openEnrolment } from "../flash/identity.ts";

export const token = defineCommand({
  meta: {
    name: "token",
    description: "Make a one-time token, by which a board enrols itself (bulkhead flash --token-file).",
  },
  args: {
    device: { type: "positional", description: "Name that the device will have.", required: true },
    out: { type: "string", description: "The file to make; it holds secrets.", valueHint: "FILE", required: true },
    hours: { type: "string", description: "How long it is good for, at most 168.", default: "24" },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const lifeMs = Math.round(Number(args.hours) * 3600_000);
    if (!(lifeMs >= enrolmentLife.minMs && lifeMs <= enrolmentLife.maxMs))
      throw new BulkheadError("USAGE", "this is no time for a token", { remedy: "give hours, at most 168" });
    const client = await openStudio(args.name);
    const path = resolve(args.out);
    // First the file: a token that nobody can keep is not asked for. Never one that is there already, nor through a link.
    const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
      throw new BulkheadError("USAGE", `${path} cannot be made`, { cause, remedy: "give a name that is free" });
    });
    try {
      const { enrolment } = await openEnrolment(client, args.device, lifeMs);
      await file.writeFile(encodeEnrolment(enrolment));
      await file.sync();
      const until = new Date(enrolment.expiresAtMs).toISOString();
      const result = { device: args.device, file: path, expiresAtMs: enrolment.expiresAtMs };
      printResult(args.json, result, `${path}: good for one board, until ${until}`);
    } finally {
      await file.close();
    }
  },
});
