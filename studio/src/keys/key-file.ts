/** A key in a file: what it is for, its public half, and how its private half is kept. */
import { chmod, readFile, rename, stat, writeFile } from "node:fs/promises";
import {
  BulkheadError,
  generateSigningKey,
  generateX25519Key,
  isWeakSigningKey,
  type KeyPair,
  key32Schema,
  signMessage,
  verifySignature,
} from "@bulkhead/protocol";
import { z } from "zod";
import { type Cost, type Curve, encryptKey } from "./encrypted-key.ts";

export const keyRoles = ["root", "targets", "overlay", "operator", "builder", "deployment"] as const;
export type KeyRole = (typeof keyRoles)[number];

/** All keys sign, but that of a deployment: releases are encrypted to it. */
export const curveOf = (role: KeyRole): Curve => (role === "deployment" ? "X25519" : "Ed25519");
const algorithms = { Ed25519: "ed25519", X25519: "x25519" } as const;

const text = z.string().min(1).max(1000);
const keptSchema = z.discriminatedUnion("as", [
  z.strictObject({ as: z.literal("encrypted"), pkcs8: z.string().max(4096) }),
  /** In a PKCS #11 token: the module that speaks to it, and the labels of token and key. */
  z.strictObject({ as: z.literal("token"), module: text, token: text, key: text }),
  /** In the clear, for a system on the developer's own machine. Nothing else is signed with it unless that is asked for. */
  z.strictObject({ as: z.literal("development"), privateKey: key32Schema }),
  /** Not here: this file is the public half, to be given to others. */
  z.strictObject({ as: z.literal("elsewhere") }),
]);
const keyFileSchema = z
  .strictObject({
    format: z.literal(2),
    role: z.enum(keyRoles),
    algorithm: z.enum(["ed25519", "x25519"]),
    publicKey: key32Schema,
    kept: keptSchema,
  })
  .refine(({ role, algorithm }) => algorithm === algorithms[curveOf(role)], "a key of this role has another algorithm");
/** How the first version wrote keys: never encrypted. */
const plainSchema = z.object({ format: z.literal(1), role: z.enum(["root", "targets"]), ...plainHalves() });

export type Kept = z.infer<typeof keptSchema>;
export type KeyFile = {
  readonly file: string;
  readonly role: KeyRole;
  readonly publicKey: string;
  readonly kept: Kept;
};
/** `cost`: for tests, which would wait for the real one. */
export type Protection = { readonly passphrase: string; readonly cost?: Cost } | "development";

/** Makes a key and writes it to `file`, readable by its owner only. Never overwrites. */
export async function createKeyFile(file: string, role: KeyRole, protection: Protection): Promise<KeyFile> {
  const key = curveOf(role) === "X25519" ? generateX25519Key() : generateSigningKey();
  return writeKeyFile({ file, role, publicKey: key.publicKey, kept: keep(key, role, protection) });
}

/** How a key in memory is kept under a passphrase, or as a development key. */
export function keep(key: KeyPair, role: KeyRole, protection: Protection): Kept {
  if (protection === "development") return { as: "development", privateKey: key.privateKey };
  return { as: "encrypted", pkcs8: encryptKey(key, curveOf(role), protection.passphrase, protection.cost) };
}

/** Writes a new file. Throws KEYS_INVALID where there is one of this name already: keys are never overwritten. */
export async function writeKeyFile(key: KeyFile): Promise<KeyFile> {
  await write(key.file, key, "wx").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
    throw invalid(`${key.file} is there already`, "give another name; keys are never overwritten", cause);
  });
  return key;
}

/** Puts `key` in place of the file that it was read from; a cut leaves the old file or this one. */
export async function replaceKeyFile(key: KeyFile): Promise<void> {
  await write(`${key.file}.new`, key, "w");
  await rename(`${key.file}.new`, key.file);
}

async function write(file: string, { role, publicKey, kept }: KeyFile, flag: string): Promise<void> {
  const mode = kept.as === "elsewhere" ? 0o644 : 0o600;
  const content = { format: 2, role, algorithm: algorithms[curveOf(role)], publicKey, kept };
  // The mode of `writeFile` passes through the umask, which may only take away: chmod says it whatever the umask is.
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { mode, flag });
  await chmod(file, mode);
}

/** Reads the key in `file`; nothing is decrypted. Throws KEYS_INVALID, or KEY_WEAK for a public key of small order. */
export async function readKeyFile(file: string): Promise<KeyFile> {
  const content = await readJson(file);
  if (plainSchema.safeParse(content).success) {
    throw invalid(`${file} is a key in the clear, as the first version wrote them`, `bulkhead keys passphrase ${file}`);
  }
  const parsed = keyFileSchema.safeParse(content);
  if (!parsed.success) throw invalid(`${file} is not a key of this version`, "restore it from your copy", parsed.error);
  const { role, publicKey, kept } = parsed.data;
  if (curveOf(role) === "Ed25519" && isWeakSigningKey(publicKey))
    throw new BulkheadError("KEY_WEAK", `the public key in ${file} is of small order`);
  if (kept.as === "encrypted" || kept.as === "development") await checkMode(file);
  return { file, role, publicKey, kept };
}

/** The key of a file that the first version wrote; undefined where it is none. Throws KEYS_INVALID. */
export async function readPlainKey(file: string): Promise<{ role: KeyRole; key: KeyPair } | undefined> {
  const parsed = plainSchema.safeParse(await readJson(file));
  if (!parsed.success) return undefined;
  const { role, publicKey, privateKey } = parsed.data;
  const key = { publicKey, privateKey };
  checkHalves(file, key);
  return { role, key };
}

/** Throws KEYS_INVALID where the halves do not belong together. */
export function checkHalves(file: string, key: KeyPair): void {
  const probe = Buffer.from("bulkhead key check");
  if (verifySignature(key.publicKey, probe, signMessage(key, probe))) return;
  throw invalid(`the halves of the key in ${file} do not belong together`, "restore it from your copy");
}

async function checkMode(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) throw invalid(`others than its owner can read ${file}`, `chmod 600 ${file}`);
}

async function readJson(file: string): Promise<unknown> {
  const content = await readFile(file, "utf8").catch((cause: unknown) => {
    throw invalid(`${file} cannot be read`, "make keys with `bulkhead keys init`", cause);
  });
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw invalid(`${file} cannot be read as JSON`, "restore it from your copy", cause);
  }
}

function plainHalves() {
  return { publicKey: key32Schema, privateKey: key32Schema };
}

function invalid(message: string, remedy?: string, cause?: unknown): BulkheadError {
  return new BulkheadError("KEYS_INVALID", message, { cause, ...(remedy !== undefined && { remedy }) });
}
