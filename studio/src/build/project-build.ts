/**
 * The build of a release as the command line has it: in its sandbox, held to the lock file, with its papers beside it: `sbom.cdx.json`, and
 * `provenance.json`, which is signed with the release.
 */
import { realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BaseSystem, paperTargetName, releaseTargetName, sha256 } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { loadManifest } from "../check/load.ts";
import { addBase, checkBase, nameBase } from "./base.ts";
import { buildInSandbox } from "./confined/index.ts";
import { projectOf } from "./confined/places.ts";
import { type BuildDate, dateOf } from "./date.ts";
import { type LockedPackage, lockedPackages } from "./locked/index.ts";
import { packagesOf } from "./locked/packages.ts";
import { ManifestError } from "./manifest-error.ts";
import { architectureOf } from "./native/toolchain.ts";
import { linkedPackages } from "./papers/linked.ts";
import { makeReleaseProvenance } from "./papers/provenance.ts";
import { type Documented, makeReleaseSbom } from "./papers/sbom.ts";
import { type BuildOptions, type BuiltRelease, type Content, clearBuild } from "./release.ts";

export type ProjectBuild = BuiltRelease & {
  readonly components: readonly Documented[];
  /** All packages of the bundles. */
  readonly packages: readonly LockedPackage[];
  /** Where the date is from that the release has. */
  readonly dateFrom: BuildDate["from"] | "given";
  /** Text of the statement. */
  readonly provenance: string;
};

/** Files that a build writes beside `release.json`. */
export const paperFiles = {
  sbom: "sbom.cdx.json",
  provenance: "provenance.json",
  envelope: "provenance.dsse.json",
} as const;

const isProgram = ({ runner }: Content): boolean => runner === "native" || runner === "vm";

function boardOf(manifest: string): Board {
  const { compiled } = loadManifest(manifest);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
  return compiled.board;
}

/** `image`: where `bulkhead image build` wrote to; `system`: what a release says of it that is built anew. */
export type WithBase = { readonly base?: { readonly image: string } | { readonly system: BaseSystem } | undefined };

async function withBase<B extends BuiltRelease>(built: B, { base }: WithBase): Promise<B> {
  if (base === undefined) return built;
  if ("system" in base) return nameBase(built, base.system);
  return addBase(built, base.image).catch(async (error: unknown) => {
    await clearBuild(built.dir);
    throw error;
  });
}

/** Throws what `buildInSandbox` does; BUILD_UNLOCKED; what taking a base system out of its image throws. */
export async function buildProject({ base, ...options }: BuildOptions & WithBase): Promise<ProjectBuild> {
  if (base !== undefined && "image" in base) await checkBase(boardOf(options.manifest), base.image);
  const date = options.builtAtMs === undefined ? await dateOf(dirname(options.manifest)) : undefined;
  const built = await withBase(await buildInSandbox({ ...options, ...(date && { builtAtMs: date.ms }) }), { base });
  const { release, releaseDigest, dir, contents } = built;
  const directory = dirname(await realpath(options.manifest));
  const architecture = () => architectureOf(boardOf(options.manifest).architecture);
  const packages = await lockedPackages(contents.flatMap(({ files }) => files));
  const components = await Promise.all(
    contents.map(async (content) => {
      const own = new Set((await packagesOf(content.files)).map(({ directory }) => directory));
      const linked = isProgram(content) ? await linkedPackages(join(directory, content.image), architecture()) : [];
      return { ...content, packages: packages.filter(({ directory: at }) => own.has(at)), linked };
    }),
  );
  const sbom = `${JSON.stringify(makeReleaseSbom(release, releaseDigest, components), null, 2)}\n`;
  await writeFile(join(dir, paperFiles.sbom), sbom);
  const manifest = await realpath(options.manifest);
  const statement = await makeReleaseProvenance({
    release,
    releaseDigest,
    target: releaseTargetName(release),
    sbomSha256: sha256(sbom),
    sbomTarget: paperTargetName(release, "sbom"),
    manifest,
    project: await projectOf(dirname(manifest)),
    packages,
    linked: components.flatMap(({ linked }) => linked),
  });
  const provenance = `${JSON.stringify(statement, null, 2)}\n`;
  await writeFile(join(dir, paperFiles.provenance), provenance);
  const dateFrom = date?.from ?? "given";
  return { release, releaseDigest, dir, components, packages, dateFrom, provenance };
}
