/** The overlay that is to be put on an exported release. */
import type { OverlaySummary } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { newestOf } from "../overlay/deploy.ts";

type Asked = { readonly overlay?: string | undefined; readonly deployment?: string | undefined };

/** Throws USAGE, NOT_FOUND, OVERLAY_WRONG_RELEASE. */
export async function findOverlay(
  client: Pick<StudioClient, "overlays">,
  releaseDigest: string,
  { overlay, deployment }: Asked,
): Promise<OverlaySummary | undefined> {
  if (overlay === undefined && deployment === undefined) return undefined;
  if (overlay === undefined || deployment === undefined) {
    throw new BulkheadError("USAGE", "an overlay has a name and a deployment", {
      remedy: "give --overlay and --deployment",
    });
  }
  const all = await client.overlays();
  const newest = newestOf(all, overlay, deployment);
  const fitting = all.filter(({ base }) => base === releaseDigest);
  if (fitting.some((one) => one.name === overlay && one.deployment === deployment))
    return newestOf(fitting, overlay, deployment);
  throw new BulkheadError("OVERLAY_WRONG_RELEASE", `${overlay} of ${deployment} is for the release ${newest.base}`, {
    remedy: "sign it for this release: `bulkhead overlay sign --release`",
  });
}
