/** The keys that a person has at hand: a directory of key files or one of them, and how they are opened. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type KeyPair } from "@bulkhead/protocol";
import { decryptKey } from "./encrypted-key.ts";
import { checkHalves, curveOf, type KeyFile, type KeyRole, readKeyFile } from "./key-file.ts";
import { memorySigner, type Passphrases, type Signer } from "./signer.ts";
import { tokenSigner } from "./token.ts";

export type KeyRing = {
  readonly keys: readonly KeyFile[];
  /** Development keys may be used. */
  readonly development: boolean;
  readonly passphrases: Passphrases;
};

/** Throws KEYS_INVALID, KEY_WEAK; KEYS_DEVELOPMENT for a development key, unless `development`. */
export async function openKeyRing(path: string, options: Omit<KeyRing, "keys">): Promise<KeyRing> {
  const keys = await readKeys(path);
  const marked = keys.find(({ kept }) => kept.as === "development");
  if (marked === undefined || options.development) return { keys, ...options };
  throw new BulkheadError("KEYS_DEVELOPMENT", `${marked.file} is a development key: whoever reads the file has it`, {
    remedy: "sign with keys of `bulkhead keys init`, or say --development where no device outside is to trust it",
  });
}

/** The keys of a system on the developer's own machine, which nobody is asked a passphrase for. */
export function developmentRing(path: string): Promise<KeyRing> {
  return openKeyRing(path, {
    development: true,
    passphrases: async (what) => {
      throw new BulkheadError("KEYS_LOCKED", `${what} needs a passphrase, and nobody can be asked here`);
    },
  });
}

/** All keys below `path`, by file name. */
async function readKeys(path: string): Promise<KeyFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new BulkheadError("KEYS_INVALID", `${path} cannot be read`, {
      cause,
      remedy: "make keys with `bulkhead keys init`",
    });
  });
  if (!found.isDirectory()) return [await readKeyFile(path)];
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(names.map((name) => readKeyFile(join(path, name))));
}

/** Keys of a role whose private half can be used from here. */
export function keysOf(ring: KeyRing, role: KeyRole): KeyFile[] {
  return ring.keys.filter((key) => key.role === role && key.kept.as !== "elsewhere");
}

const opened = new WeakMap<KeyRing, Map<string, Promise<Signer>>>();

/** Opens a key of the ring for signing, once: its passphrase is asked for no second time. Throws as openSigner. */
export function signerOf(ring: KeyRing, key: KeyFile): Promise<Signer> {
  const signers = opened.get(ring) ?? new Map<string, Promise<Signer>>();
  opened.set(ring, signers);
  const signer = signers.get(key.file) ?? openSigner(key, ring.passphrases);
  signers.set(key.file, signer);
  return signer;
}

/** Opens a key for signing. Throws KEYS_LOCKED, KEYS_INVALID, TOKEN_FAILED. */
export async function openSigner(key: KeyFile, passphrases: Passphrases): Promise<Signer> {
  const { file, kept, publicKey, role } = key;
  if (curveOf(role) !== "Ed25519")
    throw new BulkheadError("KEYS_INVALID", `${file} is a ${role} key, which signs nothing`);
  if (kept.as === "token") return tokenSigner(kept, publicKey, passphrases);
  const pair = await openPair(key, passphrases);
  checkHalves(file, pair);
  return memorySigner(pair);
}

/** A key's private half, in memory. Throws KEYS_LOCKED, KEYS_INVALID. */
export async function openPair({ file, role, kept, publicKey }: KeyFile, passphrases: Passphrases): Promise<KeyPair> {
  if (kept.as === "elsewhere") throw new BulkheadError("KEYS_INVALID", `${file} is the public half of a key only`);
  if (kept.as === "token") throw new BulkheadError("KEYS_INVALID", `the key of ${file} does not leave its token`);
  const pair =
    kept.as === "development"
      ? { publicKey, privateKey: kept.privateKey }
      : decryptKey(kept.pkcs8, curveOf(role), await passphrases(file));
  if (pair === undefined) {
    throw new BulkheadError("KEYS_LOCKED", `${file} does not open with this passphrase`, {
      remedy: "give the passphrase that it was made with; if that is the one, restore the file from your copy",
    });
  }
  if (pair.publicKey === publicKey) return pair;
  throw new BulkheadError("KEYS_INVALID", `${file} holds another key than it names`, {
    remedy: "restore it from your copy",
  });
}
