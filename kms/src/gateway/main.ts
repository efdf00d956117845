/**
 * The gateway process: `node main.ts --config FILE`, in the network namespace that has the uplink, with CAP_NET_ADMIN.
 * Prints one line of JSON when it serves; logs lines of JSON to standard error; SIGTERM ends it in order.
 */
import { parseArgs } from "node:util";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { readGatewayConfig } from "./config.ts";
import { startGateway } from "./gateway.ts";

function log(level: "info" | "warn" | "error", text: string): void {
  process.stderr.write(`${JSON.stringify({ atMs: Date.now(), level, text })}\n`);
}

function configFile(): string {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  if (values.config) return values.config;
  throw new BulkheadError("USAGE", "the gateway was started without a configuration", { remedy: "--config FILE" });
}

async function main(): Promise<void> {
  const config = await readGatewayConfig(configFile());
  const gateway = await startGateway(config, log);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await gateway.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, listenPort: config.listenPort })}\n`);
  const reason = await gateway.ended;
  if (!stopping) throw new BulkheadError("NETWORK_SETUP_FAILED", `the tunnel ended: ${reason}`);
}

try {
  await main();
} catch (error) {
  log("error", formatError(reportError(error)));
  process.exit(1);
}
