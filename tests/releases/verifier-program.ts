/** The verifier's gate as a program of its own, for the test of its bundle: one request from a file, one answer. */
import { readFileSync } from "node:fs";
import { openGate } from "../../runtime/src/verifier/index.ts";

const { directories, config, asked } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const told: unknown[] = [];
const gate = await openGate({
  directories,
  config,
  log: { info: () => undefined, warn: () => undefined },
  tellRoot: (kind, body) => void told.push({ kind, body }),
});
process.stdout.write(JSON.stringify({ verdict: await gate.install(asked), told }));
