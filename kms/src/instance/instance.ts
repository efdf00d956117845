/**
 * What makes this KMS itself: made once, kept in the state directory. The instance key authenticates it to devices, the
 * online keys sign TUF snapshot and timestamp (never releases), the prefix numbers its tunnel.
 */
import { randomBytes } from "node:crypto";
import { lchown, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, generateSigningKey, generateX25519Key, key32Schema, kmsAddress } from "@bulkhead/protocol";
import { z } from "zod";
import { readIfThere, writeWhole } from "../files.ts";

const keyPairSchema = z.strictObject({ publicKey: key32Schema, privateKey: key32Schema });

const instanceSchema = z.strictObject({
  format: z.literal(1),
  instanceKey: keyPairSchema,
  snapshotKey: keyPairSchema,
  timestampKey: keyPairSchema,
  /** Public half only: the private one is the gateway's. */
  tunnelKey: key32Schema,
  /** The first address of the tunnel's /48: `fdxx:xxxx:xxxx::`. */
  prefix: z.string().regex(/^fd[0-9a-f]{2}(:[0-9a-f]{1,4}){2}::$/),
});
export type Instance = z.infer<typeof instanceSchema>;

/** What others may know of an instance; no secret among it. */
export type InstanceIdentity = {
  instanceKey: string;
  tunnelKey: string;
  /** The KMS's online TUF keys, to be named in the project's root. */
  snapshotKey: string;
  timestampKey: string;
  prefix: string;
  /** The KMS's own address in the tunnel. */
  address: string;
};

export type PreparedInstance = InstanceIdentity & {
  /** WireGuard's form (base64 and a newline), for the gateway. */
  tunnelPrivateKeyFile: string;
};

/**
 * Makes the instance unless it is there, and tells its public side. A launcher that is root calls this before it starts
 * gateway and KMS, with the KMS's uid: then the tunnel's private key stays the launcher's. Errors: STATE_DAMAGED.
 */
export async function prepareInstance(options: { stateDir: string; uid: number | null }): Promise<PreparedInstance> {
  const { stateDir, uid } = options;
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const tunnelPrivateKeyFile = join(stateDir, "tunnel.key");
  if ((await readIfThere(instanceFile(stateDir))) === undefined) {
    const made = makeInstance();
    // The key file first: an instance without its tunnel key would be damaged, a key without instance is just unused.
    await writeWhole(tunnelPrivateKeyFile, `${Buffer.from(made.tunnelPrivateKey, "base64url").toString("base64")}\n`);
    await writeWhole(instanceFile(stateDir), JSON.stringify(made.instance));
  }
  if (uid !== null) await handOver(stateDir, uid);
  return { ...identityOf(await readInstance(stateDir)), tunnelPrivateKeyFile };
}

/**
 * Once, before a KMS ever ran here: what it put into the place of our file later, a link to another's, is not for root to
 * give away. The directory goes last and says that it was done; nobody but root can make it say so.
 */
async function handOver(stateDir: string, uid: number): Promise<void> {
  if ((await lstat(stateDir)).uid === uid) return;
  for (const path of [instanceFile(stateDir), stateDir]) await lchown(path, uid, uid);
}

/** Errors: STATE_DAMAGED where the file is missing or not what we wrote; it is never silently made anew. */
export async function readInstance(stateDir: string): Promise<Instance> {
  const file = instanceFile(stateDir);
  try {
    return instanceSchema.parse(JSON.parse((await readIfThere(file)) ?? "absent"));
  } catch (cause) {
    throw new BulkheadError("STATE_DAMAGED", `${file} does not hold the keys of this KMS`, {
      remedy: "restore it from a backup; without it no enrolled device will trust this KMS again",
      // A parser quotes what it read, and that may be a key.
      cause: cause instanceof z.ZodError ? cause.issues.map((issue) => issue.path.join(".")) : "no JSON",
    });
  }
}

export function identityOf(instance: Instance): InstanceIdentity {
  return {
    instanceKey: instance.instanceKey.publicKey,
    tunnelKey: instance.tunnelKey,
    snapshotKey: instance.snapshotKey.publicKey,
    timestampKey: instance.timestampKey.publicKey,
    prefix: instance.prefix,
    address: kmsAddress(instance.prefix),
  };
}

function makeInstance(): { instance: Instance; tunnelPrivateKey: string } {
  const tunnel = generateX25519Key();
  const instance: Instance = {
    format: 1,
    instanceKey: generateSigningKey(),
    snapshotKey: generateSigningKey(),
    timestampKey: generateSigningKey(),
    tunnelKey: tunnel.publicKey,
    prefix: makePrefix(),
  };
  return { instance, tunnelPrivateKey: tunnel.privateKey };
}

/** A unique local prefix with 40 random bits (RFC 4193, section 3.2). */
function makePrefix(): string {
  const groups = Buffer.concat([Buffer.of(0xfd), randomBytes(5)]);
  return `${[0, 2, 4].map((at) => groups.readUInt16BE(at).toString(16)).join(":")}::`;
}

function instanceFile(stateDir: string): string {
  return join(stateDir, "instance.json");
}
