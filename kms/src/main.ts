/**
 * The KMS as a process: `node kms/src/main.ts --config FILE`. Says one line of JSON on stdout when it serves, logs to
 * stderr, ends in order on SIGTERM.
 */
import { parseArgs } from "node:util";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { readConfig } from "./config.ts";
import { log } from "./log.ts";
import { startKms } from "./service.ts";

const stopMs = 5000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  if (!values.config) throw new BulkheadError("USAGE", "say which configuration: --config FILE");
  const config = await readConfig(values.config);
  // A signal during the start must not be lost: there is nothing to stop yet.
  let stop = async () => {};
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), stopMs).unref();
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  const kms = await startKms(config, log);
  stop = kms.stop;
  const { url, port, loginUrl } = kms;
  process.stdout.write(`${JSON.stringify({ ready: true, url, port, loginUrl })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exit(1);
});
