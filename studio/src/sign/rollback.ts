/**
 * Rollback statements among the targets: an earlier release that devices may go back to, in the place of those after it, which leave the list.
 * Pure. A device's counters are those of all its releases, so of each name there is one statement at most.
 */
import { BulkheadError, paperOf, releaseTargetName, rollbackFromOf } from "@bulkhead/protocol";
import { TargetFile, type Targets } from "@tufjs/models";

type Files = Targets["targets"];
type Named = { readonly name: string; readonly releaseCounter: number };

/** What the statement of `file` says; undefined where it has none. Throws RELEASE_METADATA_INVALID. */
export function rollbackFrom(file: TargetFile | undefined): number | undefined {
  return file && rollbackFromOf(file.unrecognizedFields["custom"], file.path);
}

/** The targets with the statement for release `target`, and without the later releases of its name, and their papers. Throws USAGE. */
export function withRollback(before: Files, target: string): Files {
  const release = namedBy(before[target]);
  if (release === undefined) throw notNamed(before, target);
  const from = highestOf(before, release.name);
  if (from <= release.releaseCounter) {
    throw new BulkheadError(
      "USAGE",
      `${target} is the newest release of ${release.name}: there is nothing to go back from`,
      {
        remedy: "name the release that devices are to go back to",
      },
    );
  }
  const withdrawn = new Set(laterThan(before, release));
  const kept = Object.entries(before).filter(([path]) => !withdrawn.has(paperOf(path)?.release ?? path));
  return Object.fromEntries(
    kept.map(([path, file]) => {
      if (path === target) return [path, stating(file, from)];
      return [path, namedBy(file)?.name === release.name ? stating(file, undefined) : file];
    }),
  );
}

/**
 * The targets that `release` is signed into: of its name no statement stands any more once there is a release beyond it. Throws RELEASE_ROLLBACK for a
 * counter that a statement has withdrawn.
 */
export function beforeSigning(before: Files, release: Named): Files {
  const target = releaseTargetName(release);
  const stated = statedOf(before, release.name);
  const from = rollbackFrom(stated);
  if (stated === undefined || from === undefined || before[target] !== undefined) return before;
  if (release.releaseCounter <= from) {
    const message = `${stated.path} stands in the place of all releases up to counter ${from}, and this one has ${release.releaseCounter}`;
    throw new BulkheadError("RELEASE_ROLLBACK", message, { remedy: "build with a higher --counter" });
  }
  return { ...before, [stated.path]: stating(stated, undefined) };
}

/** The same file, with this statement or with none. */
export function stating(
  { path, length, hashes, unrecognizedFields }: TargetFile,
  from: number | undefined,
): TargetFile {
  const { rollbackFrom: _, ...custom } = (unrecognizedFields["custom"] ?? {}) as Record<string, unknown>;
  const stated = { ...custom, ...(from !== undefined && { rollbackFrom: from }) };
  return new TargetFile({ path, length, hashes, unrecognizedFields: { ...unrecognizedFields, custom: stated } });
}

const shownReleases = 20;

/** Says what is known of a name that stands for no signed release, and which do. */
function notNamed(files: Files, target: string): BulkheadError {
  const names = Object.values(files).flatMap((file) => (namedBy(file) ? [file.path] : []));
  const wanted = readName(target);
  const stated = wanted && withdrawnBy(files, wanted);
  const why =
    stated === undefined
      ? ""
      : `: the statement on ${stated.path} has withdrawn all after it up to counter ${rollbackFrom(stated)}`;
  const newest = names.reverse().slice(0, shownReleases).join(", ");
  return new BulkheadError("USAGE", `the targets name no release ${target}${why}`, {
    remedy: [
      ...(names.includes(`${target}.json`) ? [`its name there is ${target}.json`] : []),
      newest === "" ? "no release is signed" : `the targets name ${newest}`,
    ].join("; "),
  });
}

/** What a target's name says of the release in it; undefined for papers and all else. */
function namedBy(file: TargetFile | undefined): Named | undefined {
  return file?.path === undefined ? undefined : readName(file.path);
}

function readName(target: string): Named | undefined {
  const [, name = "", digits] = /^(.+)-([1-9][0-9]*)\.json$/.exec(target) ?? [];
  const named = { name, releaseCounter: Number(digits) };
  return releaseTargetName(named) === target ? named : undefined;
}

const ofName = (files: Files, name: string): (Named & { readonly file: TargetFile })[] =>
  Object.values(files).flatMap((file) => {
    const named = namedBy(file);
    return named?.name === name ? [{ ...named, file }] : [];
  });

/** The entry of the release of this name that has a statement. Throws RELEASE_METADATA_INVALID. */
export function statedOf(files: Files, name: string): TargetFile | undefined {
  return ofName(files, name).find(({ file }) => rollbackFrom(file) !== undefined)?.file;
}

/** The entry whose statement has withdrawn a release of this name and counter, if there was one. */
export function withdrawnBy(files: Files, { name, releaseCounter }: Named): TargetFile | undefined {
  const stated = statedOf(files, name);
  const [after, from] = [namedBy(stated)?.releaseCounter ?? 0, rollbackFrom(stated) ?? 0];
  return releaseCounter > after && releaseCounter <= from ? stated : undefined;
}

/** The entry of the newest release of this name. */
export function newestOf(files: Files, name: string): TargetFile | undefined {
  return ofName(files, name).sort((a, b) => b.releaseCounter - a.releaseCounter)[0]?.file;
}

/** As far as devices can have come: by a release that is signed, or by one that a statement has withdrawn. */
function highestOf(files: Files, name: string): number {
  return Math.max(
    0,
    ...ofName(files, name).flatMap(({ releaseCounter, file }) => [releaseCounter, rollbackFrom(file) ?? 0]),
  );
}

function laterThan(files: Files, { name, releaseCounter }: Named): string[] {
  return ofName(files, name).flatMap((one) => (one.releaseCounter > releaseCounter ? [one.file.path] : []));
}
