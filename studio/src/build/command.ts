/** `bulkhead build`: from a manifest to a release that can be signed. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { buildRelease } from "./release.ts";

export const command = defineCommand({
  meta: {
    name: "build",
    description: "Build the release of a manifest: one bundle per component, one signed document.",
  },
  args: {
    manifest: { type: "positional", description: "The manifest (YAML).", required: true },
    out: { type: "string", alias: "o", description: "Directory for the release.", valueHint: "DIR", required: true },
    counter: { type: "string", description: "Release counter; rises with every release.", default: "1" },
    epoch: { type: "string", description: "Security epoch; devices never go below it.", default: "0" },
    ...jsonOption,
  },
  async run({ args }) {
    const built = await withProgress("Building the components", () =>
      buildRelease({
        manifest: args.manifest,
        outDir: args.out,
        releaseCounter: integer("counter", args.counter, 1),
        securityEpoch: integer("epoch", args.epoch, 0),
      }),
    );
    const { release, releaseDigest, dir } = built;
    const total = release.artifacts.reduce((sum, { length }) => sum + length, 0);
    const text = [
      `${release.name} ${release.version}, release ${release.releaseCounter}, for board ${release.board}: ${dir}`,
      `  digest ${releaseDigest}`,
      `  ${release.artifacts.length} artifacts, ${Math.ceil(total / 1024)} KiB`,
    ];
    printResult(args.json, { releaseDigest, dir, artifacts: release.artifacts }, text.join("\n"));
  },
});

function integer(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= least) return value;
  throw new BulkheadError("USAGE", `--${option} ${text} is not an integer of at least ${least}`);
}
