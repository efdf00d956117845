/** `bulkhead kms`: the management service on this machine. */
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import { defaultName, defaultPort, nameOf, portOf } from "../run/options.ts";
import { runStudio } from "../run/run-studio.ts";

const start = defineCommand({
  meta: {
    name: "start",
    description: "Run the management service with its database and its gateway, without a device, until Ctrl-C.",
  },
  args: {
    name: { type: "string", description: "Keeps the state of servers on one machine apart.", default: defaultName },
    port: { type: "string", description: "Port of the web page on 127.0.0.1; 0: any.", default: defaultPort },
    ...jsonOption,
  },
  run: ({ args }) => runStudio({ name: nameOf(args.name), port: portOf(args.port), json: args.json ?? false }),
});

export const command = defineCommand({
  meta: { name: "kms", description: "The management service on this machine." },
  subCommands: { start },
});
