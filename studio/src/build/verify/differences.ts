/** In what a rebuilt release differs from another: which document, which component, which file of it, and from which byte on. */
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, type Release, type System } from "@bulkhead/protocol";
import { treeDigest } from "@bulkhead/runtime";

export type Difference = {
  /** `release.json`, `sbom`, `provenance`, or `component`. */
  readonly in: "release.json" | "sbom" | "provenance" | "component";
  readonly component?: string;
  /** Of a component: the file in its artifact; of a document: the path of the member. */
  readonly path?: string;
  readonly what: string;
  /** Where the files part, and 16 bytes of each from there, in hexadecimal. */
  readonly offset?: number;
  readonly was?: string;
  readonly is?: string;
};

/** Members of two JSON documents that differ, by their paths; no deeper than the first difference on each way down. */
export function jsonDifferences(was: unknown, is: unknown, path = ""): string[] {
  if (isRecord(was) && isRecord(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    return keys.flatMap((key) => jsonDifferences(was[key], is[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(was) && Array.isArray(is) && was.length === is.length) {
    return was.flatMap((one, index) => jsonDifferences(one, is[index], `${path}[${index}]`));
  }
  return JSON.stringify(was) === JSON.stringify(is) ? [] : [path];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Digests of artifacts by component. */
export function artifactsOf({ system }: { readonly system: System }): Map<string, string> {
  return new Map(
    Object.entries(system.components).flatMap(([name, { image }]) =>
      "artifact" in image ? [[name, image.artifact]] : [],
    ),
  );
}

/** Of `release.json`, beside the digests of artifacts, which are told by component. */
export function releaseDifferences(was: Release, is: Release): Difference[] {
  const withoutArtifacts = (release: Release): unknown => {
    const text = [...artifactsOf(release)].reduce(
      (all, [, digest]) => all.replaceAll(digest, ""),
      canonicalJson(release),
    );
    return { ...JSON.parse(text), artifacts: [] };
  };
  return jsonDifferences(withoutArtifacts(was), withoutArtifacts(is)).map((path) => ({
    in: "release.json",
    path,
    what: "another value",
  }));
}

/** Of two trees; the first file in the order of names that differs, is missing or too much. */
export async function treeDifferences(component: string, was: string, is: string): Promise<Difference[]> {
  const [before, after] = [await filesOf(was), await filesOf(is)];
  const differences: Difference[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [one, other] = [before.get(path), after.get(path)];
    if (one !== undefined && other !== undefined && one.kind === other.kind && one.bytes.equals(other.bytes)) continue;
    differences.push({ in: "component", component, path, ...describe(one, other) });
  }
  return differences;
}

type Entry = { readonly kind: string; readonly bytes: Buffer };

function describe(was: Entry | undefined, is: Entry | undefined): Omit<Difference, "in"> {
  if (was === undefined || is === undefined) return { what: was === undefined ? "is new here" : "is missing here" };
  if (was.kind !== is.kind) return { what: `is a ${is.kind}, and was a ${was.kind}` };
  const offset = firstDifference(was.bytes, is.bytes);
  const part = (bytes: Buffer) => bytes.subarray(offset, offset + 16).toString("hex");
  return { what: "has other bytes", offset, was: part(was.bytes), is: part(is.bytes) };
}

/** Where they part; the length of the shorter where that is the beginning of the other. */
export function firstDifference(a: Buffer, b: Buffer): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) if (a[at] !== b[at]) return at;
  return end;
}

async function filesOf(root: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const path of await readdir(root, { recursive: true })) {
    const file = join(root, path);
    const stats = await lstat(file);
    if (stats.isDirectory()) continue;
    const kind = stats.isSymbolicLink() ? "link" : (stats.mode & 0o111) === 0 ? "file" : "program";
    entries.set(path, { kind, bytes: kind === "link" ? Buffer.from(await readlink(file)) : await readFile(file) });
  }
  return entries;
}

/** An artifact in a build's directory that is no longer what its name says. */
export async function isAltered(dir: string | undefined, digest: string): Promise<boolean> {
  if (dir === undefined) return false;
  const found = await treeDigest(join(dir, "artifacts", digest)).catch(() => undefined);
  return found?.digest !== digest;
}
