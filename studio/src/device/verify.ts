/** `bulkhead device verify`. */
import type { Verification } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { carryOut, timeoutOf, timeoutOption } from "../api/commands.ts";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { eventually } from "../run/eventually.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { describeVerification, formatDifferences } from "./format.ts";
import { openOperators, operatorOptions } from "./operators.ts";

export const verify = defineCommand({
  meta: {
    name: "verify",
    description: "Have a device compare what its kernel runs with what the system says, and show every difference.",
  },
  args: { ...deviceArgument, ...timeoutOption("60"), ...operatorOptions, ...serverOption, ...jsonOption },
  async run({ args }) {
    const timeoutMs = timeoutOf(args.timeout);
    const client = await openStudio(args.name);
    const device = await lookUpDevice(client, args.device);
    const signers = await openOperators(args, device);
    const latest = async () => (await client.status(device.id)).status?.verification ?? null;
    const before = (await latest())?.atMs ?? 0;
    const verification = await withProgress(`Waiting for ${device.name} to look`, async () => {
      await carryOut(client, device.id, { kind: "verify" }, timeoutMs, signers);
      return eventually("the device's report", timeoutMs, async (): Promise<Verification | undefined> => {
        const found = await latest();
        return found !== null && found.atMs > before ? found : undefined;
      });
    });
    const text = [describeVerification(verification, Date.now()), formatDifferences(verification)];
    printResult(args.json, { verification }, text.filter((part) => part !== "").join("\n"));
    return verification.ok;
  },
});
