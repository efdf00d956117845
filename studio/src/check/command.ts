/** `bulkhead check`: is the manifest valid, and does the board allow it? */

import { formatSize, type Plan } from "@bulkhead/protocol/manifest";
import { defineCommand } from "citty";
import { ManifestError } from "../build/manifest-error.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { loadManifest } from "./load.ts";

export const command = defineCommand({
  meta: { name: "check", description: "Compile and analyse a manifest; nothing is built." },
  args: { manifest: { type: "positional", description: "The manifest (YAML).", required: true }, ...jsonOption },
  run({ args }) {
    const { compiled } = loadManifest(args.manifest);
    if ("errors" in compiled) throw new ManifestError(compiled.errors);
    printResult(args.json, { plan: compiled.plan }, describe(args.manifest, compiled.plan, compiled.board.memory));
  },
});

function describe(file: string, plan: Plan, boardMemoryBytes: number): string {
  const components = Object.values(plan.components);
  const memory = components.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const core = components.filter(({ image }) => "core" in image).length;
  return [
    `${file}: ${plan.system} ${plan.version} for board ${plan.board} is valid`,
    `  ${components.length - core} components and ${core} core servers, ${plan.channels.length} channels`,
    `  memory ${formatSize(memory)} of ${formatSize(boardMemoryBytes)}`,
    ...(plan.policy.unsignedCommands ? ["  note: the board accepts commands without an operator's signature"] : []),
  ].join("\n");
}
