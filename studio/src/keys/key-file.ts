/** A signing key in a file: format, strictness of its permissions, and the check that its halves belong together. */
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import {
  BulkheadError,
  generateSigningKey,
  isWeakSigningKey,
  type KeyPair,
  key32Schema,
  signMessage,
  verifySignature,
} from "@bulkhead/protocol";
import { z } from "zod";

const keyFileSchema = z.strictObject({
  format: z.literal(1),
  /** What the key is for: `root` or `targets` of the project's TUF repository. */
  role: z.enum(["root", "targets"]),
  algorithm: z.literal("ed25519"),
  publicKey: key32Schema,
  privateKey: key32Schema,
});
export type KeyRole = z.infer<typeof keyFileSchema>["role"];

/** Makes a key and writes it to `file`, readable by its owner only. Never overwrites. */
export async function createKeyFile(file: string, role: KeyRole): Promise<KeyPair> {
  const key = generateSigningKey();
  const content = { format: 1, role, algorithm: "ed25519", ...key };
  // The mode of `writeFile` passes through the umask, which may only take away: chmod says it whatever the umask is.
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  await chmod(file, 0o600);
  return key;
}

/** Reads the key in `file`. Throws KEYS_INVALID, or KEY_WEAK for a public key of small order. */
export async function readKeyFile(file: string, role: KeyRole): Promise<KeyPair> {
  await checkMode(file);
  const parsed = keyFileSchema.safeParse(await readJson(file));
  if (!parsed.success) throw invalid(`${file} is not a key of this version`, "restore it from your copy", parsed.error);
  const { publicKey, privateKey } = parsed.data;
  if (parsed.data.role !== role) throw invalid(`${file} is a ${parsed.data.role} key, not a ${role} key`);
  if (isWeakSigningKey(publicKey)) throw new BulkheadError("KEY_WEAK", `the public key in ${file} is of small order`);
  const key = { publicKey, privateKey };
  const probe = Buffer.from("bulkhead key check");
  if (!verifySignature(publicKey, probe, signMessage(key, probe))) {
    throw invalid(`the halves of the key in ${file} do not belong together`, "restore it from your copy");
  }
  return key;
}

async function checkMode(file: string): Promise<void> {
  const { mode } = await stat(file).catch((cause) => {
    throw invalid(`${file} cannot be read`, "make keys with `bulkhead keys init`", cause);
  });
  if ((mode & 0o077) !== 0) throw invalid(`others than its owner can read ${file}`, `chmod 600 ${file}`);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw invalid(`${file} cannot be read as JSON`, "restore it from your copy", cause);
  }
}

function invalid(message: string, remedy?: string, cause?: unknown): BulkheadError {
  return new BulkheadError("KEYS_INVALID", message, { cause, ...(remedy !== undefined && { remedy }) });
}
