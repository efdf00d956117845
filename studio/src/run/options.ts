/** What `npm start` and `bulkhead run` can be told. */
import { parseArgs } from "node:util";
import { BulkheadError } from "@bulkhead/protocol";
import type { SignedSource } from "./launcher.ts";

export type RunOptions = {
  /** Prove the list of first light, print it and end. */
  check: boolean;
  /** Print what came of it as JSON. */
  json: boolean;
  /** Manifest of the system to run. */
  manifest: string;
  /** In place of building and signing it. */
  signed?: SignedSource | undefined;
  /** Node that executes the device (root server and components); the one that runs us where not given. */
  deviceNode: string | null;
  /** Port of the web page on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** Keeps the state of several systems on one machine apart. */
  name: string;
};

export const defaultName = "studio";
export const defaultPort = "7000";

export const runUsage = `Runs a whole system on this machine: a management service, a device, and the tunnel between them.

  npm start                         until Ctrl-C
  npm start -- --check              prove that it works, print a table, end

  --manifest FILE     system to run                          (manifests/greenhouse/manifest.yaml)
  --name NAME         keeps the state of systems apart       ("studio"; "check" with --check)
  --port PORT         port of the web page on 127.0.0.1      (7000; any free one with --check)
  --device-node PATH  Node that executes the device          (the one that runs this)
  --json              print the result as JSON
  --help              this text
`;

/** Reads the command line. Throws USAGE, or returns null where help was asked for. */
export function readOptions(args: readonly string[], defaultManifest: string): RunOptions | null {
  const { values } = parse(args);
  if (values.help) return null;
  const check = values.check ?? false;
  return {
    check,
    json: values.json ?? false,
    manifest: values.manifest ?? defaultManifest,
    deviceNode: values["device-node"] ?? null,
    port: portOf(values.port ?? (check ? "0" : defaultPort)),
    name: nameOf(values.name ?? (check ? "check" : defaultName)),
  };
}

/** Reads a port number. Throws USAGE. */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  throw new BulkheadError("USAGE", `--port ${text} is not a port`, { remedy: "give a number from 0 to 65535" });
}

/** Reads the name of a system, which was given as `what`. Throws USAGE. */
export function nameOf(text: string, what = "--name"): string {
  if (/^[a-z][a-z0-9-]{0,15}$/.test(text)) return text;
  throw new BulkheadError("USAGE", `${what} ${text} is not a name`, { remedy: "use a-z, 0-9 and -, at most 16" });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        check: { type: "boolean" },
        json: { type: "boolean" },
        manifest: { type: "string" },
        name: { type: "string" },
        port: { type: "string" },
        "device-node": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new BulkheadError("USAGE", cause instanceof Error ? cause.message : String(cause), {
      cause,
      remedy: "npm start -- --help lists what there is",
    });
  }
}
