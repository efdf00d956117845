/**
 * What the overlay keys of the device's deployment sign about an overlay. The TUF client follows the delegation; here are the
 * rules that it does not have: only that role may name an overlay, and it passes nothing on.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, delegationName, type OverlayName, parseDelegations, partsOfTarget } from "@bulkhead/protocol";
import { z } from "zod";
import type { SignedTarget } from "./metadata.ts";
import { metadataError } from "./metadata-error.ts";

/** Beside a target's digest, of which TUF takes several. */
const targetSchema = z.object({
  length: z.number().int().nonnegative(),
  hashes: z.object({ sha256: z.string() }),
});
const roleSchema = z.object({
  signed: z.object({
    expires: z.string(),
    targets: z.record(z.string(), targetSchema),
    delegations: z.never().optional(),
  }),
});

export type SignedOverlay = Pick<SignedTarget, "lengthBytes" | "sha256">;

/**
 * `follow` has the TUF client look for the target, after which the role's metadata lies in `metadataDir`, judged. Throws
 * OVERLAY_SIGNATURE_INVALID, and what `follow` throws as errors of an overlay.
 */
export async function findOverlay(
  { target }: OverlayName,
  metadataDir: string,
  follow: (target: string) => Promise<unknown>,
): Promise<SignedOverlay> {
  const { deployment } = partsOfTarget(target);
  const { name } = delegationName({ deployment });
  const { signed: top } = JSON.parse(await readFile(join(metadataDir, "targets.json"), "utf8"));
  // What may be an overlay is the operator's to say: the targets keys pass that on, and do not keep it.
  if (Object.hasOwn(top.targets, target)) throw unsigned(`${target} is named by the targets themselves`);
  if (!parseDelegations(top.delegations).some((one) => one.name === name)) {
    throw unsigned(
      `the signed targets pass ${name} on to nobody`,
      "let the targets keys do so: `bulkhead keys overlay`",
    );
  }
  const { signed: snapshot } = JSON.parse(await readFile(join(metadataDir, "snapshot.json"), "utf8"));
  if (!Object.hasOwn(snapshot.meta, `${name}.json`)) {
    throw unsigned(`the snapshot does not name ${name}`, "upload what `bulkhead overlay sign` has written");
  }
  const file = join(metadataDir, `${name}.json`);
  try {
    await follow(target);
    const { targets } = roleSchema.parse(JSON.parse(await readFile(file, "utf8"))).signed;
    const found = Object.hasOwn(targets, target) ? targets[target] : undefined;
    if (found !== undefined) return { lengthBytes: found.length, sha256: found.hashes.sha256 };
  } catch (cause) {
    throw overlayError(cause);
  } finally {
    // It is judged anew each time, by the version that the snapshot remembers.
    await rm(file, { force: true });
  }
  throw unsigned(`the overlay keys of ${deployment} do not sign ${target}, or no longer`);
}

function overlayError(cause: unknown): BulkheadError {
  const error = metadataError(cause);
  if (error.code !== "RELEASE_SIGNATURE_INVALID") return error;
  return new BulkheadError("OVERLAY_SIGNATURE_INVALID", error.message, { cause });
}

function unsigned(
  message: string,
  remedy = "sign it with the deployment's overlay keys, and upload that",
): BulkheadError {
  return new BulkheadError("OVERLAY_SIGNATURE_INVALID", message, { remedy });
}
