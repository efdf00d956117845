/**
 * Telemetry of devices: samples in the order in which they were taken, each once, bounded per device, over all devices, and
 * in age. What a device sends again meets itself.
 */
import type { Loss, Sample, System } from "@bulkhead/protocol";
import { and, eq, lt, lte, sql } from "drizzle-orm";
import type { TelemetryOfDevice, TelemetryQuery } from "../api/index.ts";
import type { KmsConfig } from "../config.ts";
import { type Database, keepNewest, type Queries, type Scope } from "../database/index.ts";
import { telemetrySamples } from "../database/schema.ts";
import { recordLosses } from "../losses/index.ts";
import { createTrimmer } from "./trimmer.ts";

type Bounds = KmsConfig["keep"];
export type Samples = {
  /** Resolves when they are stored; answers the losses that are new. */
  append(deviceId: string, samples: readonly Sample[], lost: readonly Loss[]): Promise<readonly Loss[]>;
  /** Keeps to the bounds that are not one device's. */
  sweep(nowMs: number): Promise<void>;
};

export function openSamples(database: Database, scope: Scope, bounds: Bounds): Samples {
  // Counting rows costs more than adding some: they are counted after a twentieth of the bound.
  const isDue = createTrimmer(bounds.samplesPerDevice / 20);
  return {
    append: (deviceId, samples, lost) =>
      database.transaction(async (transaction) => {
        const [first] = samples;
        if (!first) return [];
        const receivedAtMs = Date.now();
        const rows = samples.map((sample) => ({ ...sample, deviceId, scope: scope.id, receivedAtMs }));
        const stored = await transaction
          .insert(telemetrySamples)
          .values(rows)
          .onConflictDoNothing()
          .returning({ sequence: telemetrySamples.sequence });
        if (isDue(deviceId, stored.length))
          await keepNewest(transaction, telemetrySamples, scope, deviceId, bounds.samplesPerDevice);
        // A batch that has come before told of its losses then.
        const isNew = stored.some(({ sequence }) => sequence === first.sequence);
        if (!isNew) return [];
        await recordLosses(transaction, scope, deviceId, "telemetry", lost);
        return lost;
      }),
    async sweep(nowMs) {
      const oldestMs = nowMs - bounds.telemetryDays * 24 * 3600 * 1000;
      await database
        .delete(telemetrySamples)
        .where(and(eq(telemetrySamples.scope, scope.id), lt(telemetrySamples.receivedAtMs, oldestMs)));
      const beyond = sql`(select id from telemetry_samples where scope = ${scope.id} order by id desc offset ${bounds.samples} limit 1)`;
      await database
        .delete(telemetrySamples)
        .where(and(eq(telemetrySamples.scope, scope.id), lte(telemetrySamples.id, beyond)));
    },
  };
}

/** More streams than anybody looks at; the first of them by name. */
const mostStreams = 128;

/** The newest samples of each stream, oldest first; `system` says what their units are. */
export async function readTelemetry(
  database: Queries,
  scope: Scope,
  deviceId: string,
  query: TelemetryQuery,
  system: System | null,
): Promise<TelemetryOfDevice["streams"]> {
  const ofComponent = query.component === undefined ? sql`` : sql` and component = ${query.component}`;
  const ofStream = query.stream === undefined ? sql`` : sql` and stream = ${query.stream}`;
  const rows = await database.execute<{ component: string; stream: string; at_ms: string; value: number }>(sql`
    select component, stream, at_ms, value from (
      select id, component, stream, at_ms, value,
        row_number() over (partition by component, stream order by id desc) as back,
        dense_rank() over (order by component, stream) as place
      from telemetry_samples
      where scope = ${scope.id} and device_id = ${deviceId}${ofComponent}${ofStream}) as newest
    where back <= ${query.limit} and place <= ${mostStreams} order by component, stream, id`);
  const streams = new Map<string, TelemetryOfDevice["streams"][number]>();
  for (const { component, stream, at_ms: atMs, value } of rows) {
    const key = `${component}.${stream}`;
    const known = streams.get(key) ?? { component, stream, unit: unitOf(system, component, stream), points: [] };
    known.points.push({ atMs: Number(atMs), value });
    streams.set(key, known);
  }
  return [...streams.values()];
}

function unitOf(system: System | null, component: string, stream: string): string | null {
  for (const { client, interface: name, grant } of system?.channels ?? []) {
    if (client !== component || name !== "samples") continue;
    const streams = grant["streams"] as Record<string, { unit?: unknown } | undefined> | undefined;
    const unit = streams?.[stream]?.unit;
    if (typeof unit === "string") return unit.slice(0, 16);
  }
  return null;
}
