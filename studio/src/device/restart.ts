/** `bulkhead device restart`. */
import type { Command } from "@bulkhead/protocol";
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { carryOut } from "../api/commands.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import { printResult, withProgress } from "../cli/output.ts";
import { printable } from "../cli/printable.ts";
import { deviceArgument } from "./device-argument.ts";
import { reachDevice, reachOptions } from "./reach.ts";

export const restart = defineCommand({
  meta: {
    name: "restart",
    description: "Restart one component of a device, or its whole runtime, and wait for its answer.",
  },
  args: {
    ...deviceArgument,
    component: { type: "positional", description: "Component; without it, the whole runtime.", required: false },
    ...yesOption,
    ...reachOptions,
  },
  async run({ args }) {
    const command = commandOf(args.component);
    const { client, device, signers, timeoutMs } = await reachDevice(args);
    const what = `${args.component ?? "the whole runtime"} of ${device.name}`;
    if (!args.yes && !(await confirm(`Restart ${what}?`))) return false;
    const waiting = `Waiting for ${device.name}${device.connected ? "" : ", which is not connected now,"} to restart it`;
    const answer = await withProgress(waiting, () => carryOut(client, device.id, command, timeoutMs, signers));
    printResult(args.json, { command: answer }, `${what}: ${printable(answer.message ?? answer.state)}`);
    return true;
  },
});

function commandOf(component: string | undefined): Command {
  if (component === undefined) return { kind: "restart-runtime" };
  if (nameSchema.safeParse(component).success) return { kind: "restart-component", component };
  throw new BulkheadError("USAGE", `${component} is not the name of a component`, {
    remedy: "`bulkhead device show` lists them",
  });
}
