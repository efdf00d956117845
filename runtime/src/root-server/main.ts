/**
 * The root server. Starts everything, supervises, replaces generations; reads nothing
 * that came from a network. Exits with 0 after SIGTERM or the end of a pipe on its standard input, with 75 when the runtime is to be started again.
 */
import { fstatSync } from "node:fs";
import { BulkheadError, formatError, provisioningSchema, reportError } from "@bulkhead/protocol";
import { openSlots } from "../board/index.ts";
import { openLogFifos } from "../compartment/index.ts";
import { createRuntimeLog, type Device, devicePaths, parseFile, readConfig, showDirectories } from "../device/index.ts";
import { openLedger } from "../generations/index.ts";
import { detectHost, removeCgroups } from "../sandbox/index.ts";
import { createRootServer } from "./root-server.ts";

async function main(): Promise<number> {
  // Modes are set where they matter; the rest must not depend on who started us.
  process.umask(0o022);
  const config = await readConfig(process.argv.slice(2));
  const log = createRuntimeLog();
  const host = await detectHost();
  for (const reason of host.reasons) log.line(`this host does without: ${reason}`);
  const paths = devicePaths(config);
  const device: Device = {
    config,
    host,
    log,
    paths,
    provisioning: await parseFile(paths.provisioning, provisioningSchema),
    slots: await openSlots(),
  };
  await showDirectories(config, paths);
  const server = createRootServer(device, await openLedger(device), await openLogFifos(paths.log));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // Not `once`: while a program runs, execa listens as well, and kills a process that has no other listener left.
    process.on(signal, () => server.end(`the root server was told to end (${signal})`));
  }
  endWithStarter(() => server.end("whoever started the root server has closed its standard input"));
  const exitCode = await server.run();
  await removeCgroups(config.instance);
  return exitCode;
}

// A pipe on standard input is the way to an orderly end that passes through every wrapper (signals do not), and it closes
// by itself when the starter dies.
function endWithStarter(end: () => void): void {
  const stat = fstatSync(0);
  if (!stat.isFIFO() && !stat.isSocket()) return;
  process.stdin.on("end", end).on("error", end).resume();
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    console.error(error instanceof BulkheadError ? formatError(reportError(error)) : error);
    process.exit(1);
  },
);
