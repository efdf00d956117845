/** What the device knows of the world around it before any component runs: its first way out, and the time. */
import { join } from "node:path";
import type { Release } from "@bulkhead/protocol";
import { type Device, timeUid } from "../device/index.ts";
import { catchUp, firstUplink, type UplinkPlan } from "../network/index.ts";

/** Before anything tells the time or opens the tunnel. The clock of a machine that is only played on is not ours. */
export async function setClock({ config, log }: Device, { builtAtMs }: Release): Promise<void> {
  if (config.board === "virtual") return;
  const words = await catchUp(join(config.dataDir, "tunnel"), Date.now(), builtAtMs);
  if (words) log.line(words);
}

export function firstUplinkOf({ provisioning, config }: Device): UplinkPlan {
  return firstUplink(provisioning, { servers: config.timeServers, uid: timeUid(config.uidBase) });
}
