/** What a build made, as text and for programs. Pure. */
import { blobsOf } from "@bulkhead/protocol";
import type { LockedPackage } from "./locked/index.ts";
import type { ProjectBuild } from "./project-build.ts";

const dates: Readonly<Record<ProjectBuild["dateFrom"], string>> = {
  SOURCE_DATE_EPOCH: "as SOURCE_DATE_EPOCH says",
  commit: "the date of its newest commit",
  given: "as it was asked for",
  clock: "now: its sources are of no commit, so a build on another day differs; set SOURCE_DATE_EPOCH",
};

/** Of a registry, and not compared with what that gave. */
function notCompared({ packages }: ProjectBuild): LockedPackage[] {
  return packages.filter(({ lockRoot, isCompared }) => lockRoot !== undefined && !isCompared);
}

export function formatBuild(built: ProjectBuild, isSealed: boolean): string {
  const { release, releaseDigest, dir, dateFrom, packages } = built;
  const { baseSystem } = release;
  const total = release.artifacts.reduce((sum, { length }) => sum + length, 0);
  const foreign = packages.filter(({ lockRoot }) => lockRoot !== undefined);
  const rest = notCompared(built);
  return [
    `${release.name} ${release.version}, release ${release.releaseCounter}, for board ${release.board}: ${dir}`,
    `  digest ${releaseDigest}`,
    `  ${release.artifacts.length} artifacts, ${Math.ceil(total / 1024)} KiB`,
    ...(baseSystem
      ? [
          `  base system ${baseSystem.digest.slice(0, 12)}, ${Math.ceil(blobsOf(baseSystem).reduce((sum, { length }) => sum + length, 0) / 1024)} KiB`,
        ]
      : []),
    `  dated ${new Date(release.builtAtMs).toISOString()}, ${dates[dateFrom]}`,
    `  ${foreign.length} packages of the lock file are built in${rest.length === 0 ? ", each as its archive has it" : ""}`,
    ...(rest.length === 0
      ? []
      : [`  ${rest.length} of them could not be compared with an archive: npm's cache has none`]),
    `  sbom.cdx.json, ${isSealed ? "provenance.dsse.json" : "provenance.json, which `bulkhead sign` signs"}`,
  ].join("\n");
}

export function resultOf(built: ProjectBuild, isSealed: boolean): Record<string, unknown> {
  const { release, releaseDigest, dir, dateFrom, packages } = built;
  const named = ({ name, version }: LockedPackage) => `${name}@${version}`;
  return {
    releaseDigest,
    dir,
    artifacts: release.artifacts,
    ...(release.baseSystem && { baseSystem: release.baseSystem }),
    builtAtMs: release.builtAtMs,
    dateFrom,
    packages: packages.map(named),
    notCompared: notCompared(built).map(named),
    provenance: isSealed ? "signed" : "unsigned",
  };
}
