/** A summary as text. Names in it come from others: nothing of them may steer the terminal. Pure. */
import { onlyForText } from "@bulkhead/protocol";
import { printable } from "../cli/printable.ts";
import { formatDifference } from "../diff/format.ts";
import { overlaysLines } from "./format-overlay.ts";
import type { PaperSummary } from "./paper-summary.ts";
import type { RootContent } from "./root.ts";
import type { ReleaseSummary, RollbackSummary, Summary } from "./summary.ts";

/** Of the releases that it is not compared with, the newest. */
const shownUnread = 8;

export function formatSummary(summary: Summary): string {
  const { role, version, digest, root, signatures } = summary;
  const lines = [
    `${summary.overlays === undefined ? role : `overlays of ${summary.overlays.deployment}`} ${version}`,
    `  digest of what is signed  ${digest}`,
    `  under                     ${root === undefined ? "no root: this is the first" : `root ${root.version}, digest ${root.digest}`}`,
    `  expires                   ${summary.expires}${summary.expiredBefore ? ` (before: ${summary.expiredBefore})` : ""}`,
    ...contentOf(summary),
    "signatures",
    ...signatures.map(({ of, have, threshold }) => `  ${have} of ${threshold} by ${of}`),
  ];
  return lines
    .flatMap((line) => line.split("\n"))
    .map(printable)
    .join("\n");
}

function contentOf(summary: Summary): string[] {
  if (summary.overlays) return overlaysLines(summary.overlays);
  return summary.content ? contentLines(summary.content.before, summary.content.after) : targetsLines(summary);
}

function contentLines(before: RootContent | undefined, after: RootContent): string[] {
  const keys = (role: "root" | "targets"): string[] => {
    const [was, is] = [before?.[`${role}Keys`] ?? [], after[`${role}Keys`]];
    return [
      `${role} keys: ${after[`${role}Threshold`]} of ${is.length} must sign${changed(before?.[`${role}Threshold`], after[`${role}Threshold`])}`,
      ...is.map((key) => `  ${was.includes(key) ? " " : "+"} ${key}`),
      ...was.filter((key) => !is.includes(key)).map((key) => `  - ${key}`),
    ];
  };
  const online = (["snapshotKey", "timestampKey"] as const).map((name) => {
    const [was, is] = [before?.online[name], after.online[name]];
    return `  ${name.replace("Key", "").padEnd(9)} ${is}${changed(was, is)}`;
  });
  return [
    ...keys("root"),
    ...keys("targets"),
    "keys of the management service",
    ...online,
    ...(after.development ? ["DEVELOPMENT KEYS: devices outside must not trust this root"] : []),
  ];
}

const changed = <T>(was: T | undefined, is: T): string => (was === undefined || was === is ? "" : ` (before: ${was})`);

function targetsLines({ releases, rollbacks, papers, permissions, delegations }: Summary): string[] {
  const { added, removed, kept, comparable } = releases;
  return [
    "releases",
    ...(comparable ? [] : ["  ! no key of this root signed the list before: all of it is trusted anew"]),
    ...added.flatMap(releaseLines),
    ...removed.map((target) => `  - ${target}`),
    ...(kept > 0 ? [`    ${kept} as before`] : []),
    ...(isNothing({ releases, rollbacks }) ? ["    nothing but the expiry changes"] : []),
    ...(rollbacks.length > 0 ? ["rollback statements"] : []),
    ...rollbacks.map(rollbackLine),
    ...(papers.length > 0 ? ["papers"] : []),
    ...papers.flatMap(paperLines),
    ...(permissions
      ? [
          `permissions and flows${againstOf(permissions)}`,
          ...formatDifference(permissions.difference)
            .split("\n")
            .map((line) => `  ${line}`),
        ]
      : []),
    ...(delegations.gained.length + delegations.lost.length > 0 ? ["delegations"] : []),
    ...delegations.gained.map((line) => `  + ${line}`),
    ...delegations.lost.map((line) => `  - ${line}`),
  ];
}

function isNothing({ releases: { added, removed }, rollbacks }: Pick<Summary, "releases" | "rollbacks">): boolean {
  return added.length + removed.length === 0 && rollbacks.every(({ change }) => change === "kept");
}

function rollbackLine({ target, from, change }: RollbackSummary): string {
  const mark = { added: "+", kept: " ", removed: "-" }[change];
  return `  ${mark} ${target}: devices that have committed a counter up to ${from} may go back to it`;
}

function againstOf({ against, unread }: NonNullable<Summary["permissions"]>): string {
  const shown = unread.slice(-shownUnread).join(", ");
  const names = unread.length > shownUnread ? `${unread.length - shownUnread} others and ${shown}` : shown;
  if (against === undefined) {
    return unread.length === 0
      ? ", for there is no release before it"
      : `: all of them, for ${names} could not be read`;
  }
  return ` against ${against}${unread.length === 0 ? "" : `; not against ${names}, which could not be read`}`;
}

function paperLines({ target, digest, packages, builder, commit }: PaperSummary): string[] {
  return [
    `  + ${target}`,
    `      digest ${digest}`,
    packages === undefined
      ? `      built by the key ${builder}, of ${commit === undefined ? "no commit" : `commit ${commit}`}`
      : `      names ${packages} packages`,
  ];
}

function releaseLines({ target, digest, release, readers, onlyFor }: ReleaseSummary): string[] {
  if (release === undefined) return [`  + ${target}  ${digest}`, `      ${onlyForText(onlyFor)}`];
  const { version, releaseCounter, securityEpoch, board, builtAtMs, artifacts } = release;
  return [
    `  + ${target}`,
    `      digest ${digest}`,
    `      ${release.name} ${version}, counter ${releaseCounter}, security epoch ${securityEpoch}, board ${board}`,
    `      built ${new Date(builtAtMs).toISOString()}, ${artifacts.length} artifacts`,
    `      ${onlyForText(onlyFor)}`,
    ...(readers === undefined
      ? ["      readable by everybody who has its files, the management service among them"]
      : ["      encrypted: readable by the holders of", ...readers.map((key) => `        ${key}`)]),
  ];
}
