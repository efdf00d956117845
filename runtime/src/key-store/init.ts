/**
 * The program that makes the keys, run once under the key store's uid when a device is provisioned:
 * `node key-store-init.js [KEYS [SEALING]] [--tpm TCTI] [--secrets]` (default `/keys` and `/sealing`). Prints the public halves as one
 * line of JSON on stdout: `{"deviceKey":"…","tunnelKey":"…"}`. Running it again prints the same line. With `--secrets` it reads named
 * secrets from its standard input, as JSON: `{"mqtt-password":"…"}`. Exits 1 with a coded line on stderr.
 */
import { json } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { initialiseKeys, openKeys } from "./key-file.ts";
import { addSecrets, secretsSchema } from "./secrets.ts";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { tpm: { type: "string" }, secrets: { type: "boolean", default: false } },
  });
  const [directory = "/keys", sealing = "/sealing"] = positionals;
  const places = { directory, secret: { directory: sealing, tpm: values.tpm ?? null } };
  const publicKeys = await initialiseKeys(places);
  if (values.secrets) {
    const parsed = secretsSchema.safeParse(await json(process.stdin).catch(() => undefined));
    // Without the schema's words, which may quote a secret.
    if (!parsed.success) throw new BulkheadError("ENVIRONMENT_INVALID", "standard input holds no secrets");
    await addSecrets(directory, (await openKeys(places)).sealer, parsed.data);
  }
  process.stdout.write(`${JSON.stringify(publicKeys)}\n`);
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
