/** The steps of a ceremony, over a signing request: sign, join what was signed in several places, publish. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import {
  BulkheadError,
  canonicalJson,
  overlayTargetName,
  paperKinds,
  paperTargetName,
  releaseTargetName,
  verifySignature,
} from "@bulkhead/protocol";
import { Metadata, Signature, type Targets } from "@tufjs/models";
import { type KeyRing, keysOf, signerOf } from "../keys/key-ring.ts";
import type { Signer } from "../keys/signer.ts";
import { missingOf } from "./authority.ts";
import { type Offline, signedBytes, tufKey, writeAtomically, writeMetadata } from "./metadata.ts";
import { type Repository, readRepository } from "./repository.ts";
import { type SigningRequest, standingOf } from "./request.ts";
import { targetFile } from "./target-file.ts";

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
  const { metadata, root, delegated } = request;
  const role = delegated !== undefined ? "overlay" : metadata.signed.type === "root" ? "root" : "targets";
  let signed = request;
  const candidates = keysOf(ring, role).filter(({ publicKey }) => mayAdd(request, publicKey));
  if (candidates.length === 0) {
    const who = root === undefined ? "the first root" : `root ${root.signed.version}`;
    const why = delegated === undefined ? `by ${who}` : `as ${delegated.name}`;
    throw new BulkheadError("KEYS_INVALID", `none of these keys may sign this ${why}, and has not signed it`, {
      remedy:
        delegated === undefined ? `bring a ${role} key that it names` : "bring an overlay key that the targets name",
    });
  }
  for (const key of candidates) {
    // A key that no authority needs any more stays closed: its passphrase is not asked for.
    if (!isNeeded(signed, key.publicKey)) continue;
    signed = await addSignature(signed, await signerOf(ring, key));
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
  await checkRepository(request, await readRepository(repositoryDir, request.delegated?.name));
  const { authorities, complete } = standingOf(request);
  if (!complete) {
    const missing = authorities.filter(({ missing: count }) => count > 0);
    const words = missing.map(({ missing: count, title }) => `${count} of ${title}`).join(", ");
    throw new BulkheadError("SIGNING_REQUEST_INVALID", `signatures are missing: ${words}`, {
      remedy: "carry the request to more key holders: bulkhead request sign",
    });
  }
  await writeTargets(request, repositoryDir);
  const { metadata, delegated } = request;
  const file = await writeMetadata(repositoryDir, metadata, delegated?.name);
  return { file, version: metadata.signed.version };
}

/** Throws SIGNING_REQUEST_INVALID where the request does not follow what the repository has: only that is trusted. */
export async function checkRepository(
  { root, before, metadata, delegated }: SigningRequest,
  repository: Repository,
): Promise<void> {
  const isSame = (a: Metadata<Offline> | undefined, b: Metadata<Offline> | undefined) =>
    a === undefined || b === undefined ? a === b : signedBytes(a).equals(signedBytes(b));
  const targetsToo = metadata.signed.type === "targets";
  const last = delegated === undefined ? repository.targets : repository.delegated;
  const isDelegated = delegated === undefined || isSame(delegated.targets, repository.targets);
  if (isDelegated && isSame(root, repository.root) && (!targetsToo || isSame(before, last))) return;
  throw new BulkheadError(
    "SIGNING_REQUEST_INVALID",
    `${repository.directory} is not what the request was prepared on`,
    {
      remedy: "something else was published since, or it is another project: prepare it again",
    },
  );
}

/** What targets name is laid beside them, as the management service and devices ask for it (consistent snapshots). */
async function writeTargets(request: SigningRequest, repositoryDir: string): Promise<void> {
  const { metadata, delegated } = request;
  if (metadata.signed.type !== "targets") return;
  const { targets } = metadata.signed as Extract<Offline, { type: "targets" }>;
  const named = [
    ...releasesWithPapers(request, targets),
    ...[...(delegated?.overlays ?? [])].map(([digest, overlay]) => {
      return { digest, target: overlayTargetName(overlay), text: canonicalJson(overlay) };
    }),
    ...Object.values(targets).flatMap(({ path, hashes }) => {
      const digest = hashes["sha256"] ?? "";
      const text = request.sealed?.get(digest);
      return text === undefined ? [] : [{ digest, target: path, text }];
    }),
  ];
  for (const { digest, target, text } of named) {
    if (targets[target]?.hashes["sha256"] !== digest) continue;
    const file = targetFile(repositoryDir, target, digest);
    await mkdir(dirname(file), { recursive: true });
    await writeAtomically(file, text);
  }
}

/** Papers have the names that their release gives them, whatever the request calls them. */
function releasesWithPapers({ releases, papers }: SigningRequest, targets: Targets["targets"]) {
  return [...releases].flatMap(([digest, release]) => [
    { digest, target: releaseTargetName(release), text: canonicalJson(release) },
    ...paperKinds.flatMap((kind) => {
      const target = paperTargetName(release, kind);
      const paper = targets[target]?.hashes["sha256"] ?? "";
      const text = papers?.get(paper);
      return text === undefined ? [] : [{ digest: paper, target, text }];
    }),
  ]);
}
