/** `bulkhead graph`: the system as a picture. */
import { writeFile } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { ManifestError } from "../build/manifest-error.ts";
import { loadManifest } from "../check/load.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { placeGraph } from "./layout.ts";
import { graphModel } from "./model.ts";
import { drawSvg } from "./svg.ts";

export const command = defineCommand({
  meta: { name: "graph", description: "Draw a manifest: components, channels, devices, network." },
  args: {
    manifest: { type: "positional", description: "The manifest (YAML).", required: true },
    out: { type: "string", alias: "o", description: "File for the picture (SVG).", valueHint: "FILE", required: true },
    ...jsonOption,
  },
  async run({ args }) {
    const { compiled } = loadManifest(args.manifest);
    if ("errors" in compiled) throw new ManifestError(compiled.errors);
    const model = graphModel(compiled.plan);
    await writeFile(args.out, drawSvg(model.title, placeGraph(model))).catch((cause) => {
      throw new BulkheadError("FILE_UNREADABLE", `${args.out} cannot be written`, { cause });
    });
    printResult(args.json, { file: args.out }, args.out);
  },
});
