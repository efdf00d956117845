/** What a rollback statement would do, before it is signed: as far as the documents can be read here, also whether any device could follow it. */
import { BulkheadError, paperOf } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import type { TargetFile, Targets } from "@tufjs/models";
import { printable } from "../cli/printable.ts";
import { prepareTargets } from "./prepare.ts";
import type { SigningRequest } from "./request.ts";
import { rollbackFrom } from "./rollback.ts";
import { readSignedRelease } from "./signed-release.ts";

/** A type and not an interface: it is printed as JSON. */
export type WayBack = {
  readonly target: string;
  /** The highest counter from which devices may go back. */
  readonly rollbackFrom: number | undefined;
  readonly withdrawn: readonly string[];
  /** Releases whose security epochs are not known here, the one to go back to among them. */
  readonly unread: readonly string[];
};

/** Throws USAGE, RELEASE_ROLLBACK where what is withdrawn has a higher security epoch: a device that has committed it never goes below. */
export async function prepareRollback(
  repositoryDir: string,
  target: string,
  unwrap: Unwrap,
): Promise<{ readonly request: SigningRequest; readonly way: WayBack }> {
  const request = await prepareTargets(repositoryDir, { rollbackTo: target });
  const [was, { targets: is }] = [request.before?.signed.targets ?? {}, request.metadata.signed as Targets];
  const gone = Object.values(was).filter(({ path }) => is[path] === undefined && paperOf(path) === undefined);
  const unread = await checkEpochs(is[target], gone, (file) => readSignedRelease(repositoryDir, file, unwrap));
  const withdrawn = gone.map(({ path }) => path);
  return { request, way: { target, rollbackFrom: rollbackFrom(is[target]), withdrawn, unread } };
}

type Read = (file: TargetFile) => ReturnType<typeof readSignedRelease>;

async function checkEpochs(to: TargetFile | undefined, gone: readonly TargetFile[], read: Read): Promise<string[]> {
  const files = [...(to ? [to] : []), ...gone];
  const found = await Promise.all(files.map(async (file) => ({ file, release: (await read(file))?.release })));
  const known = found.flatMap(({ file: { path }, release }) => (release ? [{ path, ...release }] : []));
  const earlier = known.find(({ path }) => path === to?.path);
  const [highest] = known.sort((a, b) => b.securityEpoch - a.securityEpoch);
  if (earlier !== undefined && highest !== undefined && highest.securityEpoch > earlier.securityEpoch) {
    const message = `${earlier.path} has security epoch ${earlier.securityEpoch}, and ${highest.path}, which devices may have committed, has ${highest.securityEpoch}: those never go back below it`;
    throw new BulkheadError("RELEASE_ROLLBACK", message, {
      remedy: `build the old sources with --epoch ${highest.securityEpoch} and a higher --counter, and sign that`,
    });
  }
  return found.flatMap(({ file: { path }, release }) => (release === undefined ? [path] : []));
}

/** For the person who is to sign it. */
export function wayBackLines({ target, rollbackFrom: from, withdrawn, unread }: WayBack): string[] {
  return [
    `${target}: devices that have committed a counter up to ${from} may go back to it`,
    `  withdrawn: ${withdrawn.length === 0 ? "nothing more" : withdrawn.join(", ")}`,
    ...(unread.length === 0
      ? []
      : [
          `  ${unread.join(", ")} could not be read: no device goes back below the security epoch of a release that it has committed (--deployment-key reads them)`,
        ]),
    `  it cannot be taken back: it stands until a release above counter ${from} is signed`,
  ].map(printable);
}
