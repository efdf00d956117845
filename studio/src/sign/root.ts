/** The root of a project: which keys may sign what, and how many of them. What the next one would be; signing it is elsewhere. */
import { BulkheadError } from "@bulkhead/protocol";
import { type Key, Metadata, Root } from "@tufjs/models";
import { rootThreshold } from "../keys/key-set.ts";
import { authorityOf } from "./authority.ts";
import { expiresIn, specVersion, tufKey } from "./metadata.ts";

const rootDays = 365;
/** Stands in a root that names development keys, so that nobody takes it for another. */
export const developmentMark = "x-bulkhead-development";

/** Public keys of the management service, which signs snapshot and timestamp: what is newest, never what is true. */
export type OnlineKeys = { readonly snapshotKey: string; readonly timestampKey: string };

export type RootContent = {
  readonly rootKeys: readonly string[];
  readonly rootThreshold: number;
  readonly targetsKeys: readonly string[];
  readonly targetsThreshold: number;
  readonly online: OnlineKeys;
  readonly development: boolean;
};

/** What changes: public keys that come and go, thresholds and online keys that are others from now on. */
export type RootChange = {
  readonly addRoot?: readonly string[];
  readonly removeRoot?: readonly string[];
  readonly rootThreshold?: number | undefined;
  readonly addTargets?: readonly string[];
  readonly removeTargets?: readonly string[];
  readonly targetsThreshold?: number | undefined;
  readonly online?: Partial<OnlineKeys>;
  readonly development?: boolean;
};

/** The first root. Throws KEYS_INVALID, KEY_WEAK. */
export function firstRoot(content: Omit<RootContent, "rootThreshold">, nowMs: number): Metadata<Root> {
  return makeRoot(1, { rootThreshold, ...content }, nowMs);
}

/** The root after `old`, good for another year. Throws KEYS_INVALID, KEY_WEAK. */
export function nextRoot(old: Root, change: RootChange, nowMs: number): Metadata<Root> {
  const before = contentOf(old);
  const content: RootContent = {
    rootKeys: exchange(before.rootKeys, change.addRoot, change.removeRoot),
    rootThreshold: change.rootThreshold ?? before.rootThreshold,
    targetsKeys: exchange(before.targetsKeys, change.addTargets, change.removeTargets),
    targetsThreshold: change.targetsThreshold ?? before.targetsThreshold,
    online: { ...before.online, ...change.online },
    development: change.development ?? before.development,
  };
  return makeRoot(old.version + 1, content, nowMs);
}

/** What a root says, as plain values. */
export function contentOf(root: Root): RootContent {
  const keysOf = (role: string) => (root.roles[role]?.keyIDs ?? []).flatMap((id) => root.keys[id] ?? []);
  const [snapshotKey = "", timestampKey = ""] = ["snapshot", "timestamp"].map((role) => keysOf(role).map(text)[0]);
  return {
    rootKeys: keysOf("root").map(text),
    rootThreshold: root.roles["root"]?.threshold ?? 0,
    targetsKeys: keysOf("targets").map(text),
    targetsThreshold: root.roles["targets"]?.threshold ?? 0,
    online: { snapshotKey, timestampKey },
    development: root.unrecognizedFields[developmentMark] === true,
  };
}

const text = (key: Key): string => Buffer.from(key.keyVal["public"] ?? "", "hex").toString("base64url");

function exchange(keys: readonly string[], add: readonly string[] = [], remove: readonly string[] = []): string[] {
  const stranger = remove.find((key) => !keys.includes(key));
  if (stranger !== undefined) {
    throw new BulkheadError("KEYS_INVALID", `the root does not name ${stranger}, so it cannot be removed`);
  }
  const twice = add.find((key) => keys.includes(key));
  if (twice !== undefined) throw new BulkheadError("KEYS_INVALID", `the root names ${twice} already`);
  return [...keys.filter((key) => !remove.includes(key)), ...add];
}

function makeRoot(version: number, content: RootContent, nowMs: number): Metadata<Root> {
  const { rootKeys, targetsKeys, online } = content;
  const roles = {
    root: rootKeys,
    targets: targetsKeys,
    snapshot: [online.snapshotKey],
    timestamp: [online.timestampKey],
  };
  checkDistinct(Object.values(roles));
  const root = new Root({
    version,
    specVersion,
    expires: expiresIn(rootDays, nowMs),
    consistentSnapshot: true,
    ...(content.development && { unrecognizedFields: { [developmentMark]: true } }),
  });
  for (const [role, keys] of Object.entries(roles)) for (const key of keys) root.addKey(tufKey(key), role);
  // The library makes every role with a threshold of one and keeps it read-only.
  const json = root.toJSON() as { roles: { root: { threshold: number }; targets: { threshold: number } } };
  json.roles.root.threshold = content.rootThreshold;
  json.roles.targets.threshold = content.targetsThreshold;
  const made = Root.fromJSON(json);
  authorityOf(made, "root");
  authorityOf(made, "targets");
  return new Metadata(made);
}

/** One key in two roles would let who holds it online sign offline; snapshot and timestamp may share theirs. */
function checkDistinct([root = [], targets = [], ...online]: readonly (readonly string[])[]): void {
  const all = [...root, ...targets, ...new Set(online.flat())];
  const twice = all.find((key, at) => all.indexOf(key) !== at);
  if (twice === undefined) return;
  throw new BulkheadError("KEYS_INVALID", `the key ${twice} would stand in the root twice`, {
    remedy: "each key has one role, and counts once",
  });
}
