/** `bulkhead device verify`. */
import type { Verification } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { carryOut } from "../api/commands.ts";
import { printResult, withProgress } from "../cli/output.ts";
import { eventually } from "../run/eventually.ts";
import { deviceArgument } from "./device-argument.ts";
import { describeVerification, formatDifferences } from "./format.ts";
import { reachDevice, reachOptions } from "./reach.ts";

export const verify = defineCommand({
  meta: {
    name: "verify",
    description: "Have a device compare what its kernel runs with what the system says, and show every difference.",
  },
  args: { ...deviceArgument, ...reachOptions },
  async run({ args }) {
    const { client, device, signers, timeoutMs } = await reachDevice(args);
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
