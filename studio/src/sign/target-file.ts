/** Where the file of a target lies in a repository: under its digest, in the folder of its name, as management service and devices ask for it (consistent snapshots). */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BulkheadError, sha256 } from "@bulkhead/protocol";
import type { TargetFile } from "@tufjs/models";

type Signed = Pick<TargetFile, "path" | "hashes">;

export const digestOfTarget = ({ hashes }: Pick<TargetFile, "hashes">): string => hashes["sha256"] ?? "";

/** `target`: its name, with `/` in those of overlays. */
export function targetFile(repositoryDir: string, target: string, digest: string): string {
  return join(repositoryDir, "targets", dirname(target), `${digest}.${basename(target)}`);
}

/** A target's bytes, which are what was signed; undefined where they are not here. Throws RELEASE_ARTIFACT_ALTERED. */
export async function readTarget(repositoryDir: string, signed: Signed): Promise<string | undefined> {
  const digest = digestOfTarget(signed);
  const file = targetFile(repositoryDir, signed.path, digest);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined || sha256(text) === digest) return text;
  throw new BulkheadError("RELEASE_ARTIFACT_ALTERED", `${file} does not have the signed digest`, {
    remedy: "restore the repository",
  });
}

/** The same where there is no going on without. Throws FILE_UNREADABLE too. */
export async function openTarget(repositoryDir: string, signed: Signed): Promise<string> {
  const text = await readTarget(repositoryDir, signed);
  if (text !== undefined) return text;
  throw new BulkheadError("FILE_UNREADABLE", `${repositoryDir} does not hold ${signed.path} as it is signed`, {
    remedy: "restore the repository",
  });
}
