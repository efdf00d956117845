/** Looks for devices that should have woken and did not, and tells of each once. */
import { and, eq, lt } from "drizzle-orm";
import type { Queries, Scope } from "../database/index.ts";
import { devices } from "../database/schema.ts";

/** The devices that have become overdue since the last call, each once. `isConnected`: those are not. */
export async function takeOverdue(
  database: Queries,
  scope: Scope,
  isConnected: (id: string) => boolean,
  nowMs: number,
): Promise<{ id: string; expectedAtMs: number | null }[]> {
  const late = and(eq(devices.scope, scope.id), eq(devices.overdueNoted, false), lt(devices.overdueAtMs, nowMs));
  const { id, expectedAtMs } = devices;
  const found = (await database.select({ id, expectedAtMs }).from(devices).where(late)).filter(
    (device) => !isConnected(device.id),
  );
  const taken = found.map(async (device) => {
    const noted = await database
      .update(devices)
      .set({ overdueNoted: true })
      .where(and(late, eq(devices.id, device.id)))
      .returning({ id });
    return noted.length > 0 ? [device] : [];
  });
  return (await Promise.all(taken)).flat();
}
