/** `bulkhead device attach`. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { serverOption } from "../api/server-option.ts";
import { deviceArgument } from "./device-argument.ts";
import { operate } from "./local-operator.ts";

export const attach = defineCommand({
  meta: {
    name: "attach",
    description: "Attach a debugger to a component of a device on this machine, where its manifest has `attach`.",
  },
  args: {
    ...deviceArgument,
    component: { type: "positional", description: "Component.", required: true },
    inspector: { type: "boolean", description: "Node's: open it, and a port that leads to it, until Ctrl-C." },
    gdb: { type: "boolean", description: "Run gdb on it." },
    port: {
      type: "string",
      description: "With --inspector: the port on 127.0.0.1; 0 takes any free one.",
      default: "9229",
      valueHint: "PORT",
    },
    ...serverOption,
  },
  run({ args }) {
    if (args.inspector === args.gdb) throw new BulkheadError("USAGE", "give either --inspector or --gdb");
    const how = args.gdb ? ["--gdb"] : ["--inspector", "--listen", args.port];
    return operate(args.name, args.device, ["attach", args.component, ...how]);
  },
});
