/** How the keys of a project stand: who may sign what, how many of them, and what expires when. */
import { parseDelegations } from "@bulkhead/protocol";
import type { Root } from "@tufjs/models";
import { authorityOf, checkSignatures, missingOf } from "../sign/authority.ts";
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
  readonly role: "root" | "targets";
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

/** `held`: keys that are here, to name files. Throws USAGE where there is no root. Pure. */
export function statusOf(repository: Repository, held: readonly KeyFile[], withinDays: number, nowMs: number): Status {
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
  const files = [root, targets?.signed].flatMap((signed) => (signed ? [fileStatus(signed, nowMs)] : []));
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
    problems: [...files.flatMap((file) => expiryProblem(file, withinDays)), ...signatureProblem(root, targets)],
  };
}

function fileStatus(signed: { type: string; version: number; expires: string }, nowMs: number): FileStatus {
  const { version, expires } = signed;
  const daysLeft = Math.floor((Date.parse(expires) - nowMs) / dayMs);
  return { role: signed.type === "root" ? "root" : "targets", version, expires, daysLeft };
}

function expiryProblem({ role, version, daysLeft }: FileStatus, withinDays: number): string[] {
  if (daysLeft >= withinDays) return [];
  const remedy = role === "root" ? "bulkhead root rotate" : "bulkhead sign --refresh";
  const when = daysLeft < 0 ? "has expired" : `expires in ${daysLeft} days`;
  return [`${role} ${version} ${when}: ${remedy}`];
}

function signatureProblem(root: Root, targets: Repository["targets"]): string[] {
  if (targets === undefined) return [];
  const authority = authorityOf(root, "targets");
  const missing = missingOf(authority, checkSignatures(targets, [authority]));
  if (missing === 0) return [];
  return [
    `targets ${targets.signed.version} lacks ${missing} of ${authority.threshold} signatures by ${authority.title}: bulkhead sign --refresh`,
  ];
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
