/**
 * The overlays of a deployment as its operator signs them: a role that the targets have passed on. What its next list would
 * be; signing it is elsewhere. Nothing is signed here.
 */
import {
  applyOverlay,
  BulkheadError,
  canonicalJson,
  delegationName,
  type Overlay,
  overlayTargetName,
  type Release,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import { Metadata, TargetFile, Targets } from "@tufjs/models";
import { expiresIn, specVersion } from "./metadata.ts";
import { opensTo } from "./opens-to.ts";
import { readRepository, rootOf } from "./repository.ts";
import type { SigningRequest } from "./request.ts";

const overlaysDays = 180;
/** More than anybody tells apart; a list that grows for ever would have to be fetched by every device. */
const keptOverlays = 256;

/** What is to be signed; its counter is the version of the list that has it first. */
export type NewOverlay = { readonly overlay: Omit<Overlay, "overlayCounter">; readonly release: Release };
export type OverlaysChange = {
  readonly add?: NewOverlay | undefined;
  /** What is to count no more: the name of an overlay, for whatever releases it is, or one target alone. */
  readonly withdraw?: string | undefined;
};

/** What is noted of an overlay beside its digest, so that lists can be told from one another without the documents. */
type Noted = {
  overlay: string;
  base: string;
  expiresMs: number;
  /** Of an encrypted release, where the management service cannot say what comes of the two. */
  effectiveDigest?: string;
};

/** Without a change: the same overlays, good for longer. Throws USAGE, KEYS_INVALID, NOT_FOUND. */
export async function prepareOverlays(
  repositoryDir: string,
  deployment: string,
  { add, withdraw }: OverlaysChange,
  nowMs = Date.now(),
): Promise<SigningRequest> {
  const { name } = delegationName({ deployment });
  const repository = await readRepository(repositoryDir, name);
  const root = rootOf(repository);
  const { targets, delegated: before } = repository;
  if (targets === undefined) {
    throw new BulkheadError("USAGE", `${repositoryDir} has no targets, which would name the overlay keys`, {
      remedy: "bring the repository's newest targets here",
    });
  }
  const version = (before?.signed.version ?? 0) + 1;
  const kept = keptOf(before?.signed, withdraw, nowMs);
  const document = add && { ...add.overlay, overlayCounter: version };
  const others = document === undefined ? kept : kept.filter((file) => !isReplaced(file, document));
  const isSealed = add !== undefined && opensTo(targets.signed.targets[releaseTargetName(add.release)]) !== undefined;
  const added = document === undefined ? [] : [targetOf(document, isSealed ? add?.release : undefined)];
  const files = [...others, ...added].slice(-keptOverlays);
  const signed = new Targets({
    version,
    specVersion,
    expires: expiresIn(overlaysDays, nowMs),
    targets: Object.fromEntries(files.map((file) => [file.path, file])),
  });
  const overlays = new Map(document === undefined ? [] : [[digestOf(document), document]]);
  const releases = new Map(add === undefined ? [] : [[add.overlay.base, add.release]]);
  return { metadata: new Metadata(signed), root, before, releases, delegated: { name, targets, overlays } };
}

/** What has expired is no longer carried along: no device takes it. */
function keptOf(old: Targets | undefined, withdraw: string | undefined, nowMs: number): TargetFile[] {
  const files = Object.values(old?.targets ?? {});
  const isMeant = (file: TargetFile) => file.path === withdraw || notedOf(file).overlay === withdraw;
  if (withdraw !== undefined && !files.some(isMeant)) {
    const names = [...new Set(files.map((file) => notedOf(file).overlay))];
    throw new BulkheadError("NOT_FOUND", `no overlay ${withdraw} is signed`, {
      remedy:
        names.length === 0
          ? "none is"
          : `there is ${names.join(", ")}; for one release alone: ${files.map(({ path }) => path).join(", ")}`,
    });
  }
  return files.filter((file) => !isMeant(file) && notedOf(file).expiresMs > nowMs);
}

/** An overlay takes the place of the one of its name for the same release: only the newest is signed. */
const isReplaced = (file: TargetFile, { overlay, base }: Overlay): boolean =>
  notedOf(file).overlay === overlay && notedOf(file).base === base;

const notedOf = (file: TargetFile): Noted => file.custom as Noted;
const digestOf = (overlay: Overlay): string => sha256(canonicalJson(overlay));

function targetOf(document: Overlay, sealed: Release | undefined): TargetFile {
  const { overlay, base, expiresMs } = document;
  const effective = sealed && applyOverlay(sealed, { document, digest: digestOf(document) });
  const noted = { overlay, base, expiresMs, ...(effective && { effectiveDigest: effective.digest }) };
  return new TargetFile({
    path: overlayTargetName(document),
    length: Buffer.byteLength(canonicalJson(document)),
    hashes: { sha256: digestOf(document) },
    unrecognizedFields: { custom: noted satisfies Noted },
  });
}
