/** What `npm start` and `bulkhead run` can be told. */
import { parseArgs } from "node:util";
import { BulkheadError } from "@bulkhead/protocol";

export type RunOptions = {
  /** Prove the list of first light, print it and end. */
  check: boolean;
  /** Print the result of `check` as JSON. */
  json: boolean;
  /** Manifest of the system to run. */
  manifest: string;
  /** Node that executes the device (root server and components); the one that runs us where not given. */
  deviceNode: string | null;
  /** Port of the web page on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** Keeps the state of several systems on one machine apart. */
  name: string;
};

export const runUsage = `Runs a whole system on this machine: a management service, a device, and the tunnel between them.

  npm start                         until Ctrl-C
  npm start -- --check              prove that it works, print a table, end

  --manifest FILE     system to run                          (manifests/greenhouse/manifest.yaml)
  --name NAME         keeps the state of systems apart       (the system's folder, "check" with --check)
  --port PORT         port of the web page on 127.0.0.1      (7000; any free one with --check)
  --device-node PATH  Node that executes the device          (the one that runs this)
  --json              with --check: print the result as JSON
  --help              this text
`;

/** Reads the command line. Throws USAGE, or returns null where help was asked for. */
export function readOptions(args: readonly string[], defaultManifest: string): RunOptions | null {
  const { values } = parse(args);
  if (values.help) return null;
  const check = values.check ?? false;
  const port = Number(values.port ?? (check ? 0 : 7000));
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new BulkheadError("USAGE", `--port ${values.port} is not a port`, {
      remedy: "give a number from 0 to 65535",
    });
  }
  const name = values.name ?? (check ? "check" : "studio");
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(name)) {
    throw new BulkheadError("USAGE", `--name ${name} is not a name`, { remedy: "use a-z, 0-9 and -, at most 16" });
  }
  return {
    check,
    json: values.json ?? false,
    manifest: values.manifest ?? defaultManifest,
    deviceNode: values["device-node"] ?? null,
    port,
    name,
  };
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
