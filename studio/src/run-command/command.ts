/** `bulkhead run`: a whole system on this machine, as `npm start` runs it. */
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import { exampleManifest } from "../locations.ts";
import { defaultName, defaultPort, nameOf, portOf } from "../run/options.ts";
import { runSystem } from "../run/run-system.ts";
import { signedOf } from "./signed.ts";

export const command = defineCommand({
  meta: {
    name: "run",
    description: "Run a management service, a device and the tunnel between them on this machine, until Ctrl-C.",
  },
  args: {
    manifest: { type: "string", description: "System to run (the greenhouse example).", valueHint: "FILE" },
    release: {
      type: "string",
      description: "Start with this signed release, in place of building and signing the system with keys made for it.",
      valueHint: "DIR",
    },
    repository: { type: "string", description: "Repository that it is signed in.", valueHint: "DIR" },
    name: { type: "string", description: "Keeps the state of systems on one machine apart.", default: defaultName },
    port: { type: "string", description: "Port of the web page on 127.0.0.1; 0: any.", default: defaultPort },
    "device-node": { type: "string", description: "Node that executes the device (this one).", valueHint: "PATH" },
    ...jsonOption,
  },
  run: ({ args }) =>
    runSystem({
      check: false,
      json: args.json ?? false,
      manifest: args.manifest ?? exampleManifest,
      signed: signedOf(args),
      deviceNode: args["device-node"] ?? null,
      port: portOf(args.port),
      name: nameOf(args.name),
    }),
});
