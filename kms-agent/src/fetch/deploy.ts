/**
 * One deployment from the agent's side: metadata, release and missing artifacts are brought to the staging directory; the
 * verifier says what is missing and, at the end, whether the release may run. The agent decides nothing.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  BulkheadError,
  type Command,
  delegationName,
  maxOverlayBytes,
  maxReleaseBytes,
  type OverlayName,
  partsOfTarget,
} from "@bulkhead/protocol";
import type { Client, gateInterface, Verdict } from "@bulkhead/sdk";
import { replaceFile } from "../durable-file.ts";
import type { Turns } from "../turns.ts";
import { begunNames, fetchBlob } from "./blob.ts";
import type { Blob } from "./blob-path.ts";
import type { OldBlocks } from "./delta/old-blocks.ts";
import { planDeltas } from "./delta/plan.ts";
import { fetchFailed, getSmall, type Http, withOneConnection } from "./http.ts";
import { fetchMetadata } from "./metadata.ts";
import { fetchRetry, retry } from "./retry.ts";
import { bytesOf, checkRoom, prune, type Staging } from "./staging.ts";

export type Gate = Pick<Client<typeof gateInterface>, "examine" | "install">;
export type DeployPorts = {
  http: Http;
  gate: Gate;
  staging: Staging;
  /** Version of the pinned TUF root. */
  rootVersion: number;
  log: (text: string, fields?: Record<string, unknown>) => void;
  /** The parts of the slot that runs, of which another base system's are put together; none on a board without slots. */
  old?: OldBlocks;
  /** Where others stage metadata as well: one at a time, for each removes what is not its own. */
  inTurn?: Turns;
};

export const targetPath = "/device/v1/targets";
/** Unpacking and hashing a gigabyte on the slowest board. */
export const installDeadlineMs = 5 * 60_000;
export const examineDeadlineMs = 60_000;

/**
 * Carries out a `deploy` command. `passOn` is called right before the verifier is asked to install, for that may end
 * this process. Answers the verifier's verdict; throws coded errors where it could not be asked.
 */
export async function deploy(command: Deploy, ports: DeployPorts, passOn: () => Promise<void>): Promise<Verdict> {
  const { gate, staging } = ports;
  const fetched = await withOneConnection(ports.http, (http) => fetchRelease(command, { ...ports, http }));
  if (!fetched.accepted) return fetched;
  await passOn();
  const judged = await gate.install(askedFor(command), { deadlineMs: installDeadlineMs });
  // The verifier has its own copy now, and disks are small.
  if (judged.accepted) await prune(staging.blobs, () => false);
  return judged;
}

type Deploy = Extract<Command, { kind: "deploy" }>;
const askedFor = ({ target, releaseDigest, overlay }: Deploy) => ({
  target,
  releaseDigest,
  ...(overlay && { overlay }),
});

/** All that is missing, where the verifier finds nothing against it; answers what it found. */
async function fetchRelease(command: Deploy, ports: DeployPorts): Promise<Verdict> {
  const { http, gate, staging, inTurn = (work) => work() } = ports;
  const { target, overlay, envelope = command.releaseDigest } = command;
  const role = overlay && delegationName({ deployment: partsOfTarget(overlay.target).deployment }).name;
  await retry(() => inTurn(() => fetchMetadata(http, staging.metadata, ports.rootVersion, role)), http.signal);
  await retry(() => fetchDocuments(http, staging.targets, { target, envelope, overlay }), http.signal);
  const { verdict, missing, roomBytes } = await gate.examine(askedFor(command), { deadlineMs: examineDeadlineMs });
  if (verdict.accepted) await fetchArtifacts(ports, missing, roomBytes);
  return verdict;
}

/** `envelope`: the digest of what stands for the release among the targets. */
type Documents = { target: string; envelope: string; overlay?: OverlayName | undefined };

/** The release, and what is to be put on it. */
async function fetchDocuments(http: Http, directory: string, { target, envelope, overlay }: Documents): Promise<void> {
  const release = await fetchDocument(http, directory, target, envelope, maxReleaseBytes);
  const names = [release];
  if (overlay) {
    const { file } = partsOfTarget(overlay.target);
    names.push(await fetchDocument(http, directory, file, overlay.digest, maxOverlayBytes));
  }
  await prune(directory, (other) => names.includes(other));
}

/** Consistent snapshots: a target's file carries its digest in front (TUF specification 1.0.34, section 6.2.1). */
async function fetchDocument(
  http: Http,
  directory: string,
  target: string,
  digest: string,
  maxBytes: number,
): Promise<string> {
  // Becomes a file name and a path of a URL: nothing but a plain name may.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(target))
    throw new BulkheadError("COMMAND_INVALID", `${target} cannot name a release`);
  const name = `${digest}.${target}`;
  const content = await getSmall(http, `${targetPath}/${name}`, maxBytes);
  if (content === null) throw fetchFailed(`${targetPath}/${name}`, "it does not exist", false);
  await replaceFile(join(directory, name), content);
  return name;
}

async function fetchArtifacts(
  { http, staging, log, old = [] }: DeployPorts,
  missing: readonly Blob[],
  roomBytes: number,
): Promise<void> {
  const total = bytesOf(missing);
  const wanted = new Set(missing.flatMap(({ digest }) => [digest, ...begunNames(digest)]));
  await prune(staging.blobs, (name) => wanted.has(name));
  await checkRoom(staging.blobs, total + roomBytes - (await stagedBytes(staging.blobs, wanted)));
  log("fetching the release", { artifacts: missing.length, bytes: total });
  const deltas = await planDeltas({ http, log, old }, staging.blobs, missing);
  for (const blob of missing) await fetchBlob(http, staging.blobs, blob, fetchRetry, deltas.get(blob.digest));
}

async function stagedBytes(directory: string, names: ReadonlySet<string>): Promise<number> {
  const sizes = await Promise.all(
    [...names].map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
