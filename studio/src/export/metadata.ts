/**
 * The TUF metadata that a device asks for, in the order in which it does (TUF 1.0.34, section 5): only names and dates are read here; that what
 * is signed fits together the device judges.
 */
import {
  BulkheadError,
  delegationName,
  maxRoots,
  namedVersion,
  type OverlayName,
  partsOfTarget,
  readSigned,
} from "@bulkhead/protocol";
import { z } from "zod";
import type { StudioClient } from "../api/client.ts";

type Wanted = {
  readonly target: string;
  /** The digest of what stands among the targets: the release, or the envelope that it is in. */
  readonly signed: string;
  readonly overlay: OverlayName | undefined;
};
export type Metadata = {
  readonly files: ReadonlyMap<string, string>;
  /** When the first of them ends, and which that is. */
  readonly expires: string;
  readonly expiresFirst: string;
};

const expiring = z.object({ expires: z.iso.datetime() });
const listSchema = z.object({
  targets: z.record(z.string(), z.object({ hashes: z.object({ sha256: z.string() }) })),
});

/** Throws RELEASE_METADATA_INVALID where it does not name what is wanted, RELEASE_METADATA_EXPIRED where it has ended, NOT_FOUND. */
export async function collectMetadata(
  client: Pick<StudioClient, "metadata">,
  { target, signed, overlay }: Wanted,
  nowMs: number = Date.now(),
): Promise<Metadata> {
  const roots = await readRoots(client);
  const timestamp = await client.metadata("timestamp.json");
  const snapshotName = `${namedVersion(timestamp, "timestamp.json", "snapshot.json")}.snapshot.json`;
  const snapshot = await client.metadata(snapshotName);
  const role = overlay && delegationName(partsOfTarget(overlay.target)).name;
  const lists: [string, string][] = [];
  for (const name of role === undefined ? ["targets"] : ["targets", role]) {
    const file = `${namedVersion(snapshot, snapshotName, `${name}.json`)}.${name}.json`;
    lists.push([file, await client.metadata(file)]);
  }
  checkNamed(lists[0], target, signed);
  if (overlay) checkNamed(lists[1], overlay.target, overlay.digest);
  const judged: [string, string][] = [
    ...roots.slice(-1),
    ...lists,
    [snapshotName, snapshot],
    ["timestamp.json", timestamp],
  ];
  return { files: new Map([...roots, ...judged]), ...firstToExpire(judged, nowMs) };
}

/** All of them: which one a device has pinned is not known here. */
async function readRoots(client: Pick<StudioClient, "metadata">): Promise<[string, string][]> {
  const roots: [string, string][] = [];
  for (;;) {
    const name = `${roots.length + 1}.root.json`;
    const content = await client.metadata(name).catch((error: unknown) => {
      if (error instanceof BulkheadError && error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    if (content === undefined) return roots.slice(-maxRoots);
    roots.push([name, content]);
  }
}

function checkNamed([name, content]: [string, string] = ["", ""], target: string, digest: string): void {
  const { targets } = readSigned(content, name, listSchema, "which targets there are");
  const named = Object.hasOwn(targets, target) ? targets[target]?.hashes.sha256 : undefined;
  if (named === digest) return;
  throw new BulkheadError("RELEASE_METADATA_INVALID", `${name} does not name ${target} as it was uploaded`, {
    remedy: "sign it again, and upload that",
  });
}

function firstToExpire(files: readonly [string, string][], nowMs: number): { expires: string; expiresFirst: string } {
  const expiresOf = (name: string, content: string) => readSigned(content, name, expiring, "when it ends").expires;
  const dated = files.map(([name, content]) => ({ name, expires: expiresOf(name, content) }));
  dated.sort((one, other) => Date.parse(one.expires) - Date.parse(other.expires));
  const { name: expiresFirst = "", expires = "" } = dated[0] ?? {};
  if (Date.parse(expires) > nowMs) return { expires, expiresFirst };
  throw new BulkheadError(
    "RELEASE_METADATA_EXPIRED",
    `${expiresFirst} has expired, at ${expires}: no device takes it`,
    {
      remedy:
        "roots, targets and overlays are signed anew and uploaded; snapshot and timestamp the service renews as long as it runs",
    },
  );
}
