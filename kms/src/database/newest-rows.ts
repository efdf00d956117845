/** Tables in which each device has a ring: the newest rows stay. */
import { and, desc, eq, lte } from "drizzle-orm";
import type { Queries } from "./connection.ts";
import type { deviceEvents, logLines, losses, telemetrySamples } from "./schema.ts";
import type { Scope } from "./scope.ts";

type Ring = typeof deviceEvents | typeof logLines | typeof losses | typeof telemetrySamples;

/** Removes all rows of the device but the `most` that came last. */
export async function keepNewest(
  database: Queries,
  ring: Ring,
  scope: Scope,
  deviceId: string,
  most: number,
): Promise<void> {
  const own = and(eq(ring.scope, scope.id), eq(ring.deviceId, deviceId));
  const oldest = database.select({ id: ring.id }).from(ring).where(own).orderBy(desc(ring.id)).offset(most).limit(1);
  await database.delete(ring).where(and(own, lte(ring.id, oldest)));
}
