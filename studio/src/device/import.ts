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
    digest: {
      type: "string",
      valueHint: "digest",
      description:
        "Of the release that is meant, as `bulkhead export` printed it: then no word of the device's agent has to be believed.",
    },
    ...serverOption,
    ...jsonOption,
  },
  run({ args }) {
    return operate(args.name, args.device, [
      "import",
      resolve(args.file),
      ...(args.digest === undefined ? [] : ["--digest", args.digest]),
      ...(args.json ? ["--json"] : []),
    ]);
  },
});
