/** `bulkhead check`: is the manifest valid, and does the board allow it? */
import { canonicalJson, formatError } from "@bulkhead/protocol";
import { formatSize, memoryNeeds, type Plan } from "@bulkhead/protocol/manifest";
import { defineCommand } from "citty";
import { ManifestError } from "../build/manifest-error.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { loadManifest } from "./load.ts";

export const command = defineCommand({
  meta: { name: "check", description: "Compile and analyse a manifest; nothing is built." },
  args: {
    manifest: { type: "positional", description: "The manifest (YAML).", required: true },
    print: { type: "boolean", description: "Print the plan as canonical JSON: the system, but for what is built." },
    ...jsonOption,
  },
  run({ args }) {
    const { compiled } = loadManifest(args.manifest);
    if ("errors" in compiled) throw new ManifestError(compiled.errors);
    if (args.print) return void process.stdout.write(`${canonicalJson(compiled.plan)}\n`);
    const { plan, board, notices } = compiled;
    const text = [describe(args.manifest, plan, board.memory), ...notices.map(formatError)].join("\n");
    printResult(args.json, { plan, notices }, text);
  },
});

function describe(file: string, plan: Plan, boardMemoryBytes: number): string {
  const components = Object.values(plan.components);
  const { totalBytes } = memoryNeeds(plan);
  const core = components.filter(({ image }) => "core" in image).length;
  return [
    `${file}: ${plan.system} ${plan.version} for board ${plan.board} is valid`,
    `  ${components.length - core} components and ${core} core servers, ${plan.channels.length} channels`,
    `  memory ${formatSize(totalBytes)} of ${formatSize(boardMemoryBytes)}`,
  ].join("\n");
}
