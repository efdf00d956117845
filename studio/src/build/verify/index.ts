/** Builds a release anew, from the sources that are here, and compares: every document, every artifact, file by file. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Unwrap } from "@bulkhead/runtime";
import { opener } from "../../seal/open.ts";
import { buildProject, paperFiles } from "../project-build.ts";
import {
  artifactsOf,
  type Difference,
  isAltered,
  jsonDifferences,
  releaseDifferences,
  treeDifferences,
} from "./differences.ts";
import { findSubject, type Subject } from "./subject.ts";

export type Verification = {
  readonly same: boolean;
  readonly target: { readonly digest: string; readonly name: string; readonly releaseCounter: number };
  readonly releaseDigest: string;
  readonly differences: readonly Difference[];
  /** What could not be compared file by file, and why. */
  readonly notCompared: readonly string[];
};

export type VerifyOptions = {
  readonly manifest: string;
  /** A build's directory, or a signed release of the repository. */
  readonly release: string;
  readonly repository?: string | undefined;
  /** Opens what is encrypted there. Default: nothing. */
  readonly unwrap?: Unwrap;
};

const baseNotCompared =
  "the base system: build its image anew (`bulkhead image build`), and compare what is beside it in <board>.base.json";

/** What the release says of itself (counter, epoch, date, base system) is taken for the rebuild. Throws what building and finding do. */
export async function verifyRelease({
  manifest,
  release: what,
  repository,
  unwrap,
}: VerifyOptions): Promise<Verification> {
  const subject = await findSubject(what, repository, unwrap ?? opener(undefined));
  const { releaseCounter, securityEpoch, builtAtMs, name, baseSystem } = subject.release;
  const outDir = await mkdtemp(join(tmpdir(), "bulkhead-rebuild-"));
  try {
    const about = { releaseCounter, securityEpoch, builtAtMs, base: baseSystem && { system: baseSystem } };
    const built = await buildProject({ manifest, outDir, ...about });
    const components = await componentDifferences(subject, built.release, outDir);
    const papers = await paperDifferences(subject, outDir);
    const differences = [...releaseDifferences(subject.release, built.release), ...components.found, ...papers];
    return {
      same: differences.length === 0 && built.releaseDigest === subject.digest,
      target: { digest: subject.digest, name, releaseCounter },
      releaseDigest: built.releaseDigest,
      differences,
      notCompared: [...components.notCompared, ...(baseSystem ? [baseNotCompared] : [])],
    };
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

type Found = { readonly found: readonly Difference[]; readonly notCompared: readonly string[] };

async function componentDifferences(subject: Subject, rebuilt: Subject["release"], outDir: string): Promise<Found> {
  const is = artifactsOf(rebuilt);
  const all = await Promise.all(
    [...artifactsOf(subject.release)].map(([component, digest]) =>
      ofComponent({ component, was: digest, is: is.get(component) }, subject.dir, outDir),
    ),
  );
  return { found: all.flatMap(({ found }) => found), notCompared: all.flatMap(({ notCompared }) => notCompared) };
}

/** `is`: undefined where there is no such component any more, which is among the differences of the document. */
type Pair = { readonly component: string; readonly was: string; readonly is: string | undefined };

async function ofComponent({ component, was, is }: Pair, dir: string | undefined, outDir: string): Promise<Found> {
  const wasAltered = await isAltered(dir, was);
  const altered: Difference[] = wasAltered ? [{ in: "component", component, what: "altered since it was built" }] : [];
  if (is === undefined || (is === was && !wasAltered)) return { found: altered, notCompared: [] };
  const [old, fresh] = [dir && join(dir, "artifacts", was), join(outDir, "artifacts", is)];
  const files = old === undefined ? [] : await differencesOfFiles(component, old, fresh);
  if (files.length > 0) return { found: [...altered, ...files], notCompared: [] };
  const another: Difference = { in: "component", component, what: "another artifact", was, is };
  return { found: [...altered, another], notCompared: [`${component}: the bytes of its artifact are not at hand`] };
}

/** None where a tree is not there. */
function differencesOfFiles(component: string, was: string, is: string): Promise<Difference[]> {
  return treeDifferences(component, was, is).catch(() => []);
}

async function paperDifferences({ papers }: Subject, outDir: string): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const kind of ["sbom", "provenance"] as const) {
    const text = papers[kind];
    if (text === undefined) continue;
    const rebuilt = await readFile(join(outDir, paperFiles[kind]), "utf8");
    if (text === rebuilt) continue;
    const paths = jsonDifferences(JSON.parse(text), JSON.parse(rebuilt));
    for (const path of paths.length === 0 ? ["white space"] : paths)
      differences.push({ in: kind, path, what: "another value" });
  }
  return differences;
}
