/**
 * The operator's program: root of the board lets itself into a component whose manifest allows it, has one recorded, or brings a file with a release.
 * Started beside the device; goes by itself into the namespaces of its root server, and there asks it.
 */
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { parseFile, rootServerConfigSchema } from "../device/config.ts";
import { readWish, usage, type Wish } from "./arguments.ts";
import { bringFile } from "./bring-file.ts";
import { forwardInspector } from "./forward.ts";
import { importFile } from "./import-file.ts";
import { runInside } from "./inside.ts";
import { relayInspector } from "./relay.ts";
import { enter, findRootServer, type Place } from "./root-server.ts";
import { saveRecord } from "./save-record.ts";

async function main(argv: readonly string[]): Promise<number> {
  const [stage, ...rest] = argv;
  // What this program starts of itself further in.
  if (stage === "inside") return runInside(rest);
  if (stage === "relay") return relayInspector(rest);
  if (stage === "bring") return bringFile(rest);
  const wish = readWish(argv);
  const findPlace = async () => {
    const config = await parseFile(wish.config, rootServerConfigSchema);
    return { config, pid: await findRootServer(config, wish.config) };
  };
  return wish.kind === "import" ? importFile(wish, findPlace) : carryOut(wish, await findPlace());
}

async function carryOut(wish: Exclude<Wish, { kind: "import" }>, place: Place): Promise<number> {
  switch (wish.kind) {
    case "inspector":
      return forwardInspector(wish, place);
    case "gdb":
      return (await enter(place, ["gdb", wish.component, ...wish.rest], "inherit")).exitCode;
    case "record":
      return saveRecord(wish, place);
  }
}

main(process.argv.slice(2)).then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`${error instanceof BulkheadError ? formatError(reportError(error)) : String(error)}\n`);
    const isMisuse = error instanceof BulkheadError && error.code === "USAGE";
    if (isMisuse) process.stderr.write(usage);
    process.exit(isMisuse ? 2 : 1);
  },
);
