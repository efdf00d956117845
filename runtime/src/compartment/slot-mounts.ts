/**
 * What the agent sees of a board's disk: the two partitions of the slot that runs, to read, so that it fetches of another base system what this one has not
 * (decision 64). Without them it fetches all of it.
 */
import { reportError, slotParts } from "@bulkhead/protocol";
import { type Device, showReadable } from "../device/index.ts";
import type { Mount } from "../sandbox/index.ts";

export async function slotMounts(
  { slots, paths, log }: Pick<Device, "slots" | "paths" | "log">,
  uid: number | null,
): Promise<Mount[]> {
  // With one uid for all, everybody could read them.
  if (slots === null || uid === null) return [];
  try {
    const places = await slots.runningParts();
    const shown = slotParts.map(async (part): Promise<Mount> => {
      const source = await showReadable(paths, places[part], uid, `slot-${part}`);
      return { kind: "dev", source, target: `/slot/${part}` };
    });
    return await Promise.all(shown);
  } catch (error) {
    log.line(`the agent does without the slot that runs: ${reportError(error).message}`);
    return [];
  }
}
