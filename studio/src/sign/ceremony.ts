/** The steps of a ceremony, over a signing request: sign, join what was signed in several places, publish. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, canonicalJson, releaseTargetName, verifySignature } from "@bulkhead/protocol";
import { Metadata, Signature } from "@tufjs/models";
import { type KeyRing, keysOf, openSigner } from "../keys/key-ring.ts";
import type { Signer } from "../keys/signer.ts";
import { missingOf } from "./authority.ts";
import { type Offline, signedBytes, tufKey, writeAtomically, writeMetadata } from "./metadata.ts";
import { type Repository, readRepository } from "./repository.ts";
import { type SigningRequest, standingOf } from "./request.ts";

/** The request with one more signature. Throws KEYS_INVALID for a key that may not sign it, or has signed. */
export async function addSignature(request: SigningRequest, signer: Signer): Promise<SigningRequest> {
  const { authorities, signatures } = standingOf(request);
  const { keyID } = tufKey(signer.publicKey);
  if (!authorities.some(({ keys }) => keys.get(keyID) === signer.publicKey)) {
    const names = authorities.map(({ title }) => title).join(" or ");
    throw new BulkheadError("KEYS_INVALID", `the key ${signer.publicKey} is none of ${names}`, {
      remedy: "use a key that the root names, or sign the next root with this one",
    });
  }
  if (signatures.valid.includes(keyID)) {
    throw new BulkheadError("KEYS_INVALID", `the key ${signer.publicKey} has signed this already`, {
      remedy: "carry it to another key holder: a key counts once",
    });
  }
  const bytes = signedBytes(request.metadata);
  const signature = await signer.sign(bytes);
  if (!verifySignature(signer.publicKey, bytes, signature)) {
    throw new BulkheadError("KEYS_INVALID", `the signature by ${signer.publicKey} does not hold`);
  }
  const sig = Buffer.from(signature, "base64url").toString("hex");
  return withSignatures(request, [new Signature({ keyID, sig })]);
}

/**
 * Signs with as many keys of the ring as are needed. Throws KEYS_INVALID where the ring has none that may sign and has not
 * signed.
 */
export async function signWithRing(request: SigningRequest, ring: KeyRing): Promise<SigningRequest> {
  const { metadata, root } = request;
  const role = metadata.signed.type === "root" ? "root" : "targets";
  let signed = request;
  const candidates = keysOf(ring, role).filter(({ publicKey }) => mayAdd(request, publicKey));
  if (candidates.length === 0) {
    const who = root === undefined ? "the first root" : `root ${root.signed.version}`;
    throw new BulkheadError("KEYS_INVALID", `none of these keys may sign this by ${who}, and has not signed it`, {
      remedy: `bring a ${role} key that it names`,
    });
  }
  for (const key of candidates) {
    // A key that no authority needs any more stays closed: its passphrase is not asked for.
    if (!isNeeded(signed, key.publicKey)) continue;
    signed = await addSignature(signed, await openSigner(key, ring.passphrases));
  }
  return signed;
}

function mayAdd(request: SigningRequest, publicKey: string): boolean {
  const { authorities, signatures } = standingOf(request);
  const { keyID } = tufKey(publicKey);
  return authorities.some(({ keys }) => keys.has(keyID)) && !signatures.valid.includes(keyID);
}

function isNeeded(request: SigningRequest, publicKey: string): boolean {
  const { authorities, signatures } = standingOf(request);
  const { keyID } = tufKey(publicKey);
  return authorities.some((authority) => authority.keys.has(keyID) && missingOf(authority, signatures) > 0);
}

/** One request with the signatures of both. Throws SIGNING_REQUEST_INVALID where they are not for the same. */
export function mergeRequests(into: SigningRequest, from: SigningRequest): SigningRequest {
  if (!signedBytes(into.metadata).equals(signedBytes(from.metadata))) {
    throw new BulkheadError("SIGNING_REQUEST_INVALID", "the two requests are not for the same", {
      remedy: "one of them was altered or prepared anew: sign copies of one request",
    });
  }
  standingOf(from);
  return withSignatures(into, Object.values(from.metadata.signatures));
}

function withSignatures(request: SigningRequest, signatures: readonly Signature[]): SigningRequest {
  const all = { ...request.metadata.signatures };
  for (const signature of signatures) all[signature.keyID] ??= signature;
  const signed = { ...request, metadata: new Metadata<Offline>(request.metadata.signed, all) };
  standingOf(signed);
  return signed;
}

export type Published = { readonly file: string; readonly version: number };

/**
 * Writes what a complete request holds into the repository. Throws SIGNING_REQUEST_INVALID where signatures are missing or the
 * repository has gone on since.
 */
export async function publishRequest(request: SigningRequest, repositoryDir: string): Promise<Published> {
  await checkRepository(request, await readRepository(repositoryDir));
  const { authorities, complete } = standingOf(request);
  if (!complete) {
    const missing = authorities.filter(({ missing: count }) => count > 0);
    const words = missing.map(({ missing: count, title }) => `${count} of ${title}`).join(", ");
    throw new BulkheadError("SIGNING_REQUEST_INVALID", `signatures are missing: ${words}`, {
      remedy: "carry the request to more key holders: bulkhead request sign",
    });
  }
  await writeTargets(request, repositoryDir);
  const { metadata } = request;
  return { file: await writeMetadata(repositoryDir, metadata), version: metadata.signed.version };
}

/** Throws SIGNING_REQUEST_INVALID where the request does not follow what the repository has: only that is trusted. */
export async function checkRepository(
  { root, before, metadata }: SigningRequest,
  repository: Repository,
): Promise<void> {
  const isSame = (a: Metadata<Offline> | undefined, b: Metadata<Offline> | undefined) =>
    a === undefined || b === undefined ? a === b : signedBytes(a).equals(signedBytes(b));
  const targetsToo = metadata.signed.type === "targets";
  if (isSame(root, repository.root) && (!targetsToo || isSame(before, repository.targets))) return;
  throw new BulkheadError(
    "SIGNING_REQUEST_INVALID",
    `${repository.directory} is not what the request was prepared on`,
    {
      remedy: "something else was published since, or it is another project: prepare it again",
    },
  );
}

/** A release that targets name is laid beside them, as the management service and devices ask for it. */
async function writeTargets({ metadata, releases }: SigningRequest, repositoryDir: string): Promise<void> {
  if (metadata.signed.type !== "targets") return;
  const { targets } = metadata.signed as Extract<Offline, { type: "targets" }>;
  for (const [digest, release] of releases) {
    const target = releaseTargetName(release);
    if (targets[target]?.hashes["sha256"] !== digest) continue;
    await mkdir(join(repositoryDir, "targets"), { recursive: true });
    await writeAtomically(join(repositoryDir, "targets", `${digest}.${target}`), canonicalJson(release));
  }
}
