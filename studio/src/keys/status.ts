/** How the keys of a project stand: who may sign what, how many of them, and what expires when. */
import { parseDelegations } from "@bulkhead/protocol";
import type { Metadata, Root, Targets } from "@tufjs/models";
import { type Authority, authoritiesFor, authorityOf, checkSignatures, missingOf } from "../sign/authority.ts";
import { readNewestTargets } from "../sign/metadata.ts";
import { type Repository, rootOf } from "../sign/repository.ts";
import { contentOf } from "../sign/root.ts";
import type { KeyFile } from "./key-file.ts";

const dayMs = 24 * 60 * 60 * 1000;

export type RoleStatus = {
  /** `root`, `targets`, `snapshot`, `timestamp`, or a delegation's name. */
  readonly role: string;
  readonly threshold: number;
  readonly keys: readonly { readonly publicKey: string; readonly file: string | null }[];
};
export type FileStatus = {
  /** `root`, `targets`, or a deployment's overlays. */
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly daysLeft: number;
};
export type Status = {
  readonly development: boolean;
  readonly roles: readonly RoleStatus[];
  readonly files: readonly FileStatus[];
  /** What somebody must do something about, in words; none: all is well. */
  readonly problems: readonly string[];
};

export type OverlayList = { readonly role: string; readonly list: Metadata<Targets> };

/** The newest lists of overlays that the targets of a repository have passed on. */
export async function overlayLists({ directory, targets }: Repository): Promise<OverlayList[]> {
  const passedOn = parseDelegations(targets?.signed.delegations?.toJSON());
  const lists = passedOn
    .filter(({ name }) => name.startsWith("overlays-"))
    .map(async ({ name: role }) => ({ role, list: await readNewestTargets(directory, role) }));
  return (await Promise.all(lists)).flatMap(({ role, list }) => (list === undefined ? [] : [{ role, list }]));
}

/** `held`: keys that are here, to name files. Throws USAGE where there is no root. Pure. */
export function statusOf(
  repository: Repository,
  held: readonly KeyFile[],
  withinDays: number,
  nowMs: number,
  lists: readonly OverlayList[] = [],
): Status {
  const root = rootOf(repository).signed;
  const { targets } = repository;
  const content = contentOf(root);
  const named = (keys: readonly string[]) =>
    keys.map((publicKey) => ({ publicKey, file: held.find((key) => key.publicKey === publicKey)?.file ?? null }));
  const role = (name: string, threshold: number, keys: readonly string[]): RoleStatus => ({
    role: name,
    threshold,
    keys: named(keys),
  });
  const own = [root, targets?.signed].flatMap((signed) => (signed ? [fileStatus(signed.type, signed, nowMs)] : []));
  const files = [...own, ...lists.map((one) => fileStatus(one.role, one.list.signed, nowMs))];
  const delegated = parseDelegations(targets?.signed.delegations?.toJSON());
  return {
    development: content.development,
    roles: [
      role("root", content.rootThreshold, content.rootKeys),
      role("targets", content.targetsThreshold, content.targetsKeys),
      role("snapshot", 1, [content.online.snapshotKey]),
      role("timestamp", 1, [content.online.timestampKey]),
      ...delegated.map(({ name, threshold, keys }) => role(name, threshold, keys)),
    ],
    files,
    problems: [...files.flatMap((file) => expiryProblem(file, withinDays)), ...signatureProblem(root, targets, lists)],
  };
}

type Signed = { readonly version: number; readonly expires: string };

function fileStatus(role: string, { version, expires }: Signed, nowMs: number): FileStatus {
  return { role, version, expires, daysLeft: Math.floor((Date.parse(expires) - nowMs) / dayMs) };
}

const remedies: Readonly<Record<string, string>> = {
  root: "bulkhead root rotate",
  targets: "bulkhead sign --refresh",
};
const remedyFor = (role: string): string =>
  remedies[role] ?? `bulkhead overlay sign --deployment ${role.replace("overlays-", "")}`;

function expiryProblem({ role, version, daysLeft }: FileStatus, withinDays: number): string[] {
  if (daysLeft >= withinDays) return [];
  const when = daysLeft < 0 ? "has expired" : `expires in ${daysLeft} days`;
  return [`${role} ${version} ${when}: ${remedyFor(role)}`];
}

function signatureProblem(root: Root, targets: Repository["targets"], lists: readonly OverlayList[]): string[] {
  if (targets === undefined) return [];
  const lacking = lackOf("targets", targets, authorityOf(root, "targets"));
  // What the targets pass on counts once they are signed themselves.
  if (lacking.length > 0) return lacking;
  return lists.flatMap(({ role, list }) =>
    authoritiesFor(list, root, { name: role, targets }).flatMap((authority) => lackOf(role, list, authority)),
  );
}

function lackOf(role: string, metadata: Metadata<Targets>, authority: Authority): string[] {
  const missing = missingOf(authority, checkSignatures(metadata, [authority]));
  if (missing === 0) return [];
  const signatures = `${missing} of ${authority.threshold} signatures by ${authority.title}`;
  return [`${role} ${metadata.signed.version} lacks ${signatures}: ${remedyFor(role)}`];
}

export function formatStatus({ development, roles, files, problems }: Status): string {
  return [
    ...(development ? ["DEVELOPMENT KEYS: no device outside is to trust this project"] : []),
    ...files.map(({ role, version, expires, daysLeft }) => `${role} ${version}: until ${expires}, ${daysLeft} days`),
    ...roles.flatMap(({ role, threshold, keys }) => [
      `${role}: ${threshold} of ${keys.length}`,
      ...keys.map(({ publicKey, file }) => `  ${publicKey}${file === null ? "" : `  ${file}`}`),
    ]),
    ...problems.map((problem) => `! ${problem}`),
  ].join("\n");
}
