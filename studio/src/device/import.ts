/** `bulkhead device import`. */
import { resolve } from "node:path";
import { BulkheadError, digestSchema } from "@bulkhead/protocol";
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
        "Of the release that is meant, as `bulkhead export` printed it: the device takes no other, and that it runs it is never the agent's word.",
    },
    ...serverOption,
    ...jsonOption,
  },
  run: ({ args }) => operate(args.name, args.device, operatorArguments(args)),
});

type Given = { readonly file: string; readonly digest?: string | undefined; readonly json?: boolean | undefined };

/** What the operator's program is started with. Throws USAGE. */
export function operatorArguments({ file, digest, json }: Given): string[] {
  const meant = digest === undefined ? [] : ["--digest", readDigest(digest)];
  return ["import", resolve(file), ...meant, ...(json ? ["--json"] : [])];
}

function readDigest(text: string): string {
  const digest = digestSchema.safeParse(text.toLowerCase());
  if (digest.success) return digest.data;
  throw new BulkheadError("USAGE", `--digest ${text} is not 64 hexadecimal digits`, {
    remedy: "give the digest that `bulkhead export` printed, or with --json its member `digest`",
  });
}
