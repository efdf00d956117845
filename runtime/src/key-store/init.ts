/**
 * The program that makes the keys, run once under the key store's uid when a device is provisioned:
 * `node key-store-init.js [DIRECTORY]` (default `/keys`). Prints the public halves as one line of JSON on stdout:
 * `{"deviceKey":"…","tunnelKey":"…"}`. Running it again prints the same line. Exits 1 with a coded line on stderr.
 */
import { formatError, reportError } from "@bulkhead/protocol";
import { initialiseKeys } from "./key-file.ts";

try {
  process.stdout.write(`${JSON.stringify(await initialiseKeys(process.argv[2] ?? "/keys"))}\n`);
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
