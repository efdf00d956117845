/** `bulkhead device record`. */
import { resolve } from "node:path";
import { defineCommand } from "citty";
import { serverOption } from "../api/server-option.ts";
import { deviceArgument } from "./device-argument.ts";
import { operate } from "./local-operator.ts";

export const record = defineCommand({
  meta: {
    name: "record",
    description: "Restart a component of a device on this machine and record its life, for `bulkhead replay`.",
  },
  args: {
    ...deviceArgument,
    component: { type: "positional", description: "Component, whose manifest has `attach: [record]`.", required: true },
    out: { type: "string", description: "The file to write.", required: true, valueHint: "FILE" },
    for: {
      type: "string",
      description: "End the record after so many seconds; without it at Ctrl-C.",
      valueHint: "SECONDS",
    },
    max: {
      type: "string",
      description: "At most so many bytes; without it an eighth of its memory.",
      valueHint: "BYTES",
    },
    ...serverOption,
  },
  run({ args }) {
    const bounds = [...(args.for ? ["--for", args.for] : []), ...(args.max ? ["--max", args.max] : [])];
    return operate(args.name, args.device, ["record", args.component, "--out", resolve(args.out), ...bounds]);
  },
});
