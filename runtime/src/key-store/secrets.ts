/**
 * The named secrets of a device: passwords and tokens of the services that it speaks to, given to it at provisioning, and
 * by the key store to the components whose manifest names them. Sealed on the disk like the keys.
 */
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { readSealed, removeTemporaries, replaceOwnFile } from "./own-file.ts";
import type { Sealer } from "./sealing.ts";

const fileName = "secrets.json";
const purpose = "secrets";
/** Sixty-four of them, sealed and in base64url twice over, fit the largest file that the store reads. */
const maxSecrets = 64;
const maxSecretBytes = 2048;

/** Names and values as UTF-8 text. */
export const secretsSchema = z
  .record(nameSchema, z.string().min(1).max(maxSecretBytes))
  .refine((secrets) => Object.keys(secrets).length <= maxSecrets, `a device has at most ${maxSecrets} secrets`);
export type Secrets = z.infer<typeof secretsSchema>;

/** All secrets of the device. Throws KEY_STORE_DAMAGED; the message never holds any of the text. */
export async function readSecrets(directory: string, sealer: Sealer): Promise<Secrets> {
  const sealed = { purpose, sealer, schema: secretsSchema, what: "secrets" };
  return (await readSealed(directory, fileName, sealed)) ?? {};
}

/** Adds secrets to those that are there, in the place of those of the same names. */
export async function addSecrets(directory: string, sealer: Sealer, added: Secrets): Promise<void> {
  const all = secretsSchema.safeParse({ ...(await readSecrets(directory, sealer)), ...added });
  // No `cause`: it would quote a value.
  if (!all.success) throw new BulkheadError("ENVIRONMENT_INVALID", `the secrets are not valid: ${paths(all.error)}`);
  await replaceOwnFile(directory, fileName, sealer.seal(purpose, JSON.stringify(all.data)));
  await removeTemporaries(directory, fileName);
}

/** The secret `name`. Throws SECRET_NOT_SET. */
export function secretOf(secrets: Secrets, name: string): { value: string } {
  const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (value !== undefined) return { value };
  throw new BulkheadError("SECRET_NOT_SET", `this device was given no secret \`${name}\``, {
    remedy: "`bulkhead device secret` gives it to a device on this machine, `key-store-init.js … --secrets` to a board",
  });
}

function paths(error: z.ZodError): string {
  return error.issues
    .slice(0, 8)
    .map(({ path, code }) => `${path.join(".") || "all"} (${code})`)
    .join(", ");
}
