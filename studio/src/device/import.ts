/** `bulkhead device import`. */
import { resolve } from "node:path";
import { defineCommand } from "citty";
import { serverOption } from "../api/server-option.ts";
import { jsonOption } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { operate } from "./local-operator.ts";

export const importFile = defineCommand({
  meta: {
    name: "import",
    description: "Bring a file of `bulkhead export` to a device on this machine, and wait until it runs the release.",
  },
  args: {
    ...deviceArgument,
    file: { type: "positional", description: "What `bulkhead export` wrote.", required: true },
    ...serverOption,
    ...jsonOption,
  },
  run({ args }) {
    return operate(args.name, args.device, ["import", resolve(args.file), ...(args.json ? ["--json"] : [])]);
  },
});
