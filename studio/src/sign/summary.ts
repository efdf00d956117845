/** What a signing request means, for the person who is to sign it: taken from the request's own bytes alone. Pure. */
import { isDeepStrictEqual } from "node:util";
import {
  BulkheadError,
  checkEnvelope,
  type OnlyFor,
  paperOf,
  parseDelegations,
  parseEnvelope,
  type Release,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import type { Root, TargetFile, Targets } from "@tufjs/models";
import { compareSystems, type Difference } from "../diff/compare.ts";
import { authorityOf, checkSignatures, missingOf } from "./authority.ts";
import { type Offline, signedBytes } from "./metadata.ts";
import { onlyForIn } from "./only-for.ts";
import { contentDigest, opensTo } from "./opens-to.ts";
import { type OverlaysSummary, summariseOverlays } from "./overlay-summary.ts";
import { describePaper, type PaperSummary } from "./paper-summary.ts";
import { type SigningRequest, standingOf } from "./request.ts";
import { rollbackFrom, stating } from "./rollback.ts";
import { contentOf, type RootContent } from "./root.ts";

type Files = Targets["targets"];

export type ReleaseSummary = {
  readonly target: string;
  readonly digest: string;
  /** Undefined where the document is not in the request. */
  readonly release: Release | undefined;
  /** The keys that can read it; undefined: everybody who has its files. */
  readonly readers: readonly string[] | undefined;
  /** Which devices may take it; undefined: any of its board. */
  readonly onlyFor: OnlyFor | undefined;
};

/** A rollback statement: devices that have committed a counter up to `from` may go back to `target`. */
export type RollbackSummary = {
  readonly target: string;
  readonly from: number;
  readonly change: "added" | "kept" | "removed";
};

export type Summary = {
  readonly role: "root" | "targets";
  readonly version: number;
  /** SHA-256 of the bytes that are signed: the same at every place. */
  readonly digest: string;
  readonly expires: string;
  readonly expiredBefore: string | undefined;
  readonly root: { readonly version: number; readonly digest: string } | undefined;
  /** A new root, and the one before it. */
  readonly content: { readonly before: RootContent | undefined; readonly after: RootContent } | undefined;
  readonly releases: {
    readonly added: readonly ReleaseSummary[];
    readonly removed: readonly string[];
    readonly kept: number;
    /** False: the list before is not signed by keys of this root, so that all of the list counts as added. */
    readonly comparable: boolean;
  };
  /** Releases that devices may go back to, and from where. */
  readonly rollbacks: readonly RollbackSummary[];
  /** Of the added releases. */
  readonly papers: readonly PaperSummary[];
  /** Of the newest added release against the newest release before it. */
  readonly permissions:
    | {
        readonly against: string | undefined;
        /** Signed releases of the same name, newer than that one, that could not be read where the request was made. */
        readonly unread: readonly string[];
        readonly difference: Difference;
      }
    | undefined;
  readonly delegations: { readonly gained: readonly string[]; readonly lost: readonly string[] };
  /** Of a list of overlays; it has nothing else. */
  readonly overlays: OverlaysSummary | undefined;
  readonly signatures: readonly { readonly of: string; readonly have: number; readonly threshold: number }[];
};

/** Throws SIGNING_REQUEST_INVALID where the request hides what it would make devices trust. */
export function summarise(request: SigningRequest): Summary {
  const { metadata, root } = request;
  const { signed } = metadata;
  const { authorities } = standingOf(request);
  const isRoot = signed.type === "root";
  const last = isRoot ? root?.signed : request.before?.signed;
  return {
    role: isRoot ? "root" : "targets",
    version: signed.version,
    digest: sha256(signedBytes(metadata)),
    expires: signed.expires,
    expiredBefore: last?.expires,
    root: root && { version: root.signed.version, digest: sha256(signedBytes(root)) },
    content: isRoot ? { before: root && contentOf(root.signed), after: contentOf(signed as Root) } : undefined,
    ...(isRoot || request.delegated ? nothing : ofTargets(request, signed as Targets)),
    overlays: isRoot ? undefined : summariseOverlays(request, signed as Targets),
    signatures: authorities.map(({ title, threshold, missing }) => ({
      of: title,
      have: threshold - missing,
      threshold,
    })),
  };
}

type TargetsPart = Pick<Summary, "releases" | "rollbacks" | "papers" | "permissions" | "delegations">;
const nothing: TargetsPart = {
  releases: { added: [], removed: [], kept: 0, comparable: true },
  rollbacks: [],
  papers: [],
  permissions: undefined,
  delegations: { gained: [], lost: [] },
};

function ofTargets(request: SigningRequest, signed: Targets): TargetsPart {
  const trusted = trustedBefore(request);
  const [was, is] = [trusted?.targets ?? {}, signed.targets];
  const comparable = request.before === undefined || trusted !== undefined;
  const changed = Object.values(is).filter((file) => !isSame(was[file.path], file));
  const exposed = changed.find(({ path }) => isExposed(is, path));
  if (exposed !== undefined) throw hidden(`${exposed.path} would be readable, and its release is not`);
  const added = changed.filter(isRelease).map((file) => describe(request, file, comparable));
  const removed = Object.keys(was).filter((path) => is[path] === undefined && paperOf(path) === undefined);
  const unchanged = Object.values(is).filter((file) => isRelease(file) && !changed.includes(file));
  const [before, after] = [trusted, signed].map((one) => delegationLines(one));
  return {
    releases: { added, removed, kept: unchanged.length, comparable },
    rollbacks: rollbacksOf(was, is),
    papers: papersOf(request, changed, is, comparable),
    permissions: permissionsOf(request, added, was),
    delegations: {
      gained: (after ?? []).filter((line) => !before?.includes(line)),
      lost: (before ?? []).filter((line) => !after?.includes(line)),
    },
  };
}

/** All that is signed of it, but for a rollback statement, which is shown by itself. */
function isSame(was: TargetFile | undefined, is: TargetFile): boolean {
  const [before, after] = [was, is].map((file) => file && stating(file, undefined).toJSON());
  return isDeepStrictEqual(before, after);
}

function rollbacksOf(was: Files, is: Files): RollbackSummary[] {
  return [...new Set([...Object.keys(is), ...Object.keys(was)])].flatMap((target): RollbackSummary[] => {
    const [before, after] = [rollbackFrom(was[target]), rollbackFrom(is[target])];
    if (after !== undefined) return [{ target, from: after, change: before === after ? "kept" : "added" }];
    return before === undefined ? [] : [{ target, from: before, change: "removed" }];
  });
}

const isRelease = ({ path }: TargetFile): boolean => paperOf(path) === undefined;

/** A readable paper says much of an encrypted release. */
function isExposed(is: Files, path: string): boolean {
  const [paper, release] = [is[path], is[paperOf(path)?.release ?? ""]];
  return paper !== undefined && release !== undefined && opensTo(release) !== undefined && opensTo(paper) === undefined;
}

/** Where the list before is not known, old papers are new too, and no more of them can be shown than of old releases. */
function papersOf({ papers, releases }: SigningRequest, changed: TargetFile[], is: Files, mustShow: boolean) {
  const digestOf = (target: string) => contentDigest(is[target]);
  return changed
    .filter((file) => !isRelease(file))
    .map((file) => ({ file, text: papers?.get(contentDigest(file) ?? "") }))
    .filter(({ text }) => mustShow || text !== undefined)
    .map(({ file, text }) => describePaper(file, text, releases, digestOf));
}

/** The list before, where keys of the root signed it: another would make new releases look like known ones. */
function trustedBefore({ root, before }: SigningRequest): Targets | undefined {
  if (root === undefined || before === undefined) return undefined;
  const authority = authorityOf(root.signed, "targets");
  return missingOf(authority, checkSignatures(before, [authority])) === 0 ? before.signed : undefined;
}

function describe({ releases, sealed }: SigningRequest, file: TargetFile, mustShow: boolean): ReleaseSummary {
  const digest = contentDigest(file) ?? "";
  const release = releases.get(digest);
  if (release === undefined && mustShow) {
    throw hidden(`${file.path} is new in the list, and the request does not hold it`);
  }
  if (release !== undefined && releaseTargetName(release) !== file.path) {
    throw hidden(`${file.path} would stand for ${releaseTargetName(release)}`);
  }
  return {
    target: file.path,
    digest,
    release,
    readers: readersOf(file, sealed, release, mustShow),
    onlyFor: onlyForIn(file),
  };
}

function readersOf(
  file: TargetFile,
  sealed: SigningRequest["sealed"],
  release: Release | undefined,
  mustShow: boolean,
): readonly string[] | undefined {
  const content = opensTo(file);
  if (content === undefined) return undefined;
  const text = sealed?.get(file.hashes["sha256"] ?? "");
  if (text === undefined || release === undefined) {
    if (mustShow) throw hidden(`${file.path} is encrypted, and the request does not hold its envelope`);
    return [];
  }
  const envelope = parseEnvelope(text, file.path);
  if (envelope.release !== content) throw hidden(`${file.path} holds another release than the list says`);
  checkEnvelope(envelope, release);
  return envelope.recipients;
}

function permissionsOf(
  { releases }: SigningRequest,
  added: readonly ReleaseSummary[],
  was: Files,
): Summary["permissions"] {
  const newest = newestOf(added.flatMap(({ release }) => (release ? [release] : [])));
  if (newest === undefined) return undefined;
  const known = [...releases].filter(([digest, release]) => contentDigest(was[releaseTargetName(release)]) === digest);
  const before = newestOf(known.map(([, release]) => release).filter(({ name }) => name === newest.name));
  const nobody = { ...newest.system, components: {}, channels: [], startOrder: [] };
  return {
    against: before && releaseTargetName(before),
    unread: unreadOf(was, newest, before),
    difference: compareSystems(before?.system ?? nobody, newest.system),
  };
}

/** A permission that one of these took away shows as kept: so they are named. */
function unreadOf(was: Files, newest: Release, before: Release | undefined): string[] {
  const counterOf = (path: string) => {
    const counter = Number(path.slice(newest.name.length + 1, -".json".length));
    return releaseTargetName({ name: newest.name, releaseCounter: counter }) === path ? counter : 0;
  };
  return Object.keys(was)
    .filter((path) => counterOf(path) > (before?.releaseCounter ?? 0) && path !== releaseTargetName(newest))
    .sort((a, b) => counterOf(a) - counterOf(b));
}

const newestOf = (releases: readonly Release[]): Release | undefined =>
  [...releases].sort((a, b) => b.releaseCounter - a.releaseCounter)[0];

function delegationLines(targets: Offline | undefined): string[] {
  const { delegations } = (targets ?? {}) as Partial<Targets>;
  try {
    return parseDelegations(delegations?.toJSON()).map(
      ({ name, threshold, keys }) => `${name}: ${threshold} of ${keys.join(", ")}`,
    );
  } catch (cause) {
    throw new BulkheadError("SIGNING_REQUEST_INVALID", "its delegations are none that a device takes", { cause });
  }
}

function hidden(message: string): BulkheadError {
  return new BulkheadError("SIGNING_REQUEST_INVALID", message, { remedy: "do not sign it; prepare it again" });
}
