/** How a release came to be: what it was asked to be, and all that went into it that has a name and a digest. */
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Release, sha256 } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../../locations.ts";
import { npmUrl } from "../../papers/cyclonedx.ts";
import { type Material, makeStatement } from "../../papers/statement.ts";
import { commitOf } from "../commit.ts";
import { sha512Of } from "../locked/archive.ts";
import { type LockedPackage, lockedPackages } from "../locked/index.ts";
import type { LinkedPackage } from "./linked.ts";

export type Origin = {
  readonly release: Release;
  readonly releaseDigest: string;
  readonly target: string;
  readonly sbomSha256: string;
  readonly sbomTarget: string;
  /** Path of the manifest, and the top of its project. */
  readonly manifest: string;
  readonly project: string;
  readonly packages: readonly LockedPackage[];
  readonly linked: readonly LinkedPackage[];
};

/** The bundler, which every bundle has gone through. */
const bundler = join(bulkheadDirectory, "node_modules/rolldown/package.json");

export async function makeReleaseProvenance(origin: Origin): Promise<object> {
  const { release, releaseDigest, target, sbomSha256, sbomTarget, manifest, project, packages, linked } = origin;
  const path = relative(project, manifest);
  const tools = await lockedPackages([bundler]);
  const locked = new Map(
    [...packages, ...tools].filter(isFromRegistry).map((one) => [`${one.name}@${one.version}`, one]),
  );
  return makeStatement({
    subject: [
      { name: target, sha256: releaseDigest },
      { name: sbomTarget, sha256: sbomSha256 },
      ...release.artifacts.map(({ digest }) => ({ name: `artifacts/${digest}`, sha256: digest })),
    ],
    kind: "release",
    externalParameters: {
      manifest: path,
      releaseCounter: release.releaseCounter,
      securityEpoch: release.securityEpoch,
      builtAtMs: release.builtAtMs,
    },
    internalParameters: { node: process.version, processor: process.arch, network: false, homeDirectory: false },
    materials: [
      { uri: `file:${encodeURI(path)}`, digest: { sha256: sha256(await readFile(manifest)) } },
      ...(await commits(project)),
      ...[...locked.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).map(materialOf),
      ...[...new Set(linked.map(({ purl }) => purl))].sort().map((uri) => ({ uri })),
    ],
  });
}

const isFromRegistry = ({ lockRoot }: LockedPackage): boolean => lockRoot !== undefined;
const nameOf = ({ name, version }: LockedPackage): string => `${name}@${version}`;

/** Of the project and of Bulkhead. A work tree with changes is of no commit: then nothing is said of it. */
async function commits(project: string): Promise<Material[]> {
  const named: [string, string][] = [
    ["project", project],
    ["bulkhead", bulkheadDirectory],
  ];
  const found = await Promise.all(
    named.map(async ([uri, directory]): Promise<Material[]> => {
      const commit = await commitOf(directory);
      return commit === undefined || commit.isChanged ? [] : [{ uri, digest: { gitCommit: commit.id } }];
    }),
  );
  return found.flat();
}

function materialOf({ name, version, integrity }: LockedPackage): Material {
  const digest = integrity === undefined ? undefined : sha512Of(integrity);
  return { uri: npmUrl(name, version), ...(digest === undefined ? {} : { digest: { sha512: digest } }) };
}
