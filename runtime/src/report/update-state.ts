/** What the state says of updates, from the record of what is installed. Pure. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { GenerationRecord } from "../generations/index.ts";

export function updateState({ trying, lastOutcome }: GenerationRecord): DeviceStatus["update"] {
  if (trying) {
    return { state: "trying", reason: `generation ${trying.generation} is on trial`, releaseDigest: trying.digest };
  }
  if (!lastOutcome) return { state: "idle", reason: "" };
  const { outcome, reason, releaseDigest } = lastOutcome;
  return { state: outcome, reason, releaseDigest };
}
