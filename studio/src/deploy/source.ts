/** Where the release to deploy comes from: the management service has it, or the project's repository does. */
import type { ReleaseSummary } from "@bulkhead/kms";
import { BulkheadError, releaseTargetName, sha256 } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import type { BuiltRelease } from "../build/index.ts";
import { upload, uploadBytes } from "../run/project.ts";
import { readRelease } from "../sign/index.ts";
import { readNewestTargets } from "../sign/metadata.ts";
import { contentDigest } from "../sign/opens-to.ts";
import { withdrawnBy } from "../sign/rollback.ts";

export type Deployable = { target: string; releaseDigest: string };

/** Finds what was uploaded before. Throws NOT_FOUND naming what there is. */
export function findTarget(releases: readonly ReleaseSummary[], target: string): Deployable {
  const found = releases.find((release) => release.target === target);
  if (found?.isSigned === false) {
    throw new BulkheadError("RELEASE_SIGNATURE_INVALID", `${target} was withdrawn: the newest targets do not name it`, {
      remedy: "name the release that stands in its place, or a newer one",
    });
  }
  if (found) return { target, releaseDigest: found.digest };
  const newest = releases
    .filter(({ isSigned }) => isSigned)
    .sort((a, b) => b.uploadedAtMs - a.uploadedAtMs)
    .slice(0, 20);
  throw new BulkheadError("NOT_FOUND", `the management service has no release ${target}`, {
    remedy: [
      newest.length === 0 ? "none was uploaded yet" : `it has ${newest.map((one) => one.target).join(", ")}`,
      "`bulkhead upload --release DIR --repository DIR` gives it one that is signed",
    ].join("; "),
  });
}

/**
 * Reads a built release that the newest targets of the repository name. Throws RELEASE_INVALID where they do not: what is not
 * signed is not uploaded; RELEASE_SIGNATURE_INVALID where a statement has withdrawn it.
 */
export async function readSigned(releaseDir: string, repositoryDir: string): Promise<BuiltRelease & Deployable> {
  const { release, text } = await readRelease(releaseDir);
  const releaseDigest = sha256(text);
  const target = releaseTargetName(release);
  const targets = await readNewestTargets(repositoryDir).catch((cause: unknown) => {
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("FILE_UNREADABLE", `${repositoryDir} cannot be read`, {
      cause,
      remedy: "give the directory that `bulkhead sign` wrote to",
    });
  });
  if (contentDigest(targets?.signed.targets[target]) === releaseDigest) {
    return { release, releaseDigest, dir: releaseDir, target };
  }
  const stated = withdrawnBy(targets?.signed.targets ?? {}, release);
  if (stated !== undefined) {
    throw new BulkheadError(
      "RELEASE_SIGNATURE_INVALID",
      `${target} was withdrawn by the rollback statement on ${stated.path}`,
      { remedy: `name ${stated.path}, or build and sign it with a higher --counter` },
    );
  }
  throw new BulkheadError("RELEASE_INVALID", `${target} is not signed in ${repositoryDir} as it is in ${releaseDir}`, {
    remedy: `bulkhead sign ${releaseDir} --keys DIR --repository ${repositoryDir}`,
  });
}

/** Gives the management service the release, and the metadata that names it. */
export async function uploadSigned(client: StudioClient, built: BuiltRelease, repositoryDir: string): Promise<void> {
  await upload(client, repositoryDir, built).catch(unreadable);
}

/** Gives the management service all that the release names; nothing names the release itself yet. */
export async function uploadFiles(client: StudioClient, built: BuiltRelease, repositoryDir: string): Promise<void> {
  await uploadBytes(client, repositoryDir, built).catch(unreadable);
}

function unreadable(cause: unknown): never {
  if (cause instanceof BulkheadError) throw cause;
  throw new BulkheadError("FILE_UNREADABLE", `a file of the release cannot be read: ${String(cause)}`, {
    cause,
    remedy: "build and sign it again",
  });
}
