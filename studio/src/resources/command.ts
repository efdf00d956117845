/** `bulkhead resources`: what a system needs; with a device, what it takes there beside it. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { loadSystem } from "../check/load-system.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { lookUpDevice } from "../device/find-device.ts";
import { formatNeeds, needsOf } from "./table.ts";

export const command = defineCommand({
  meta: {
    name: "resources",
    description:
      "Print what a system needs: memory, processes, open files, storage, processor; per component and in sum.",
  },
  args: {
    system: { type: "positional", description: "The manifest (YAML) or a built release.", required: true },
    device: { type: "string", description: "Show what this device measured beside it.", valueHint: "DEVICE" },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const { plan, board } = loadSystem(args.system);
    const measured = args.device === undefined ? null : await measure(args.name, args.device);
    const needs = needsOf(plan, board, measured);
    printResult(args.json, needs, formatNeeds(needs, args.device !== undefined));
  },
});

async function measure(name: string, device: string) {
  const client = await openStudio(name);
  return (await client.resources((await lookUpDevice(client, device)).id)).resources;
}
