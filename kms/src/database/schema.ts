/**
 * Every table of the KMS. Documents that came from devices are `json`, not `jsonb`: jsonb refuses \u0000 in a string,
 * and a device must not be able to make its own report unstorable.
 */
import {
  type Command,
  type DeviceStatus,
  type OpeningKey,
  type OperatorWord,
  type System,
  type TraceEntry,
  usualDeployment,
} from "@bulkhead/protocol";
import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  serial,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";

const timeMs = (name: string) => bigint(name, { mode: "number" });

export const devices = pgTable(
  "devices",
  {
    id: text().primaryKey(),
    scope: text().notNull(),
    /** Decides the device's addresses; counts up for ever, so that an address never gets a second owner. */
    number: serial().notNull().unique(),
    name: text().notNull(),
    /** Whose overlays it takes, as it was told when it was enrolled. */
    deployment: text().notNull().default(usualDeployment),
    deviceKey: text("device_key").notNull().unique(),
    tunnelKey: text("tunnel_key").notNull().unique(),
    enrolledAtMs: timeMs("enrolled_at_ms").notNull(),
    lastSeenMs: timeMs("last_seen_ms"),
    status: json().$type<DeviceStatus>(),
    statusAtMs: timeMs("status_at_ms"),
    system: json().$type<System>(),
    systemAtMs: timeMs("system_at_ms"),
    /** What others encrypt to for this device, by its own word. */
    opening: json().$type<OpeningKey>(),
    /** A device that sleeps: when it said that it would come again, from when on it is late, and whether that was told. */
    expectedAtMs: timeMs("expected_at_ms"),
    overdueAtMs: timeMs("overdue_at_ms"),
    overdueNoted: boolean("overdue_noted").notNull().default(false),
    /** Log lines that the device itself had to throw away. */
    logsDropped: bigint("logs_dropped", { mode: "number" }).notNull().default(0),
  },
  (table) => [uniqueIndex("devices_scope_name").on(table.scope, table.name)],
);

/** Boards that were given a token and have not come yet. */
export const enrolments = pgTable(
  "enrolments",
  {
    /** The number of the device that it becomes, from the same count. */
    number: integer().primaryKey().default(sql`nextval('devices_number_seq')`),
    scope: text().notNull(),
    name: text().notNull(),
    deployment: text().notNull().default(usualDeployment),
    /** Public halves. */
    tunnelKey: text("tunnel_key").notNull().unique(),
    tokenKey: text("token_key").notNull().unique(),
    createdAtMs: timeMs("created_at_ms").notNull(),
    expiresAtMs: timeMs("expires_at_ms").notNull(),
  },
  (table) => [uniqueIndex("enrolments_scope_name").on(table.scope, table.name)],
);

const deviceId = () =>
  text("device_id")
    .notNull()
    .references(() => devices.id, { onDelete: "cascade" });

export const deviceEvents = pgTable(
  "device_events",
  {
    id: bigserial({ mode: "number" }).primaryKey(),
    scope: text().notNull(),
    deviceId: deviceId(),
    atMs: timeMs("at_ms").notNull(),
    code: text().notNull(),
    message: text().notNull(),
  },
  (table) => [index("device_events_device").on(table.deviceId, table.id)],
);

export const logLines = pgTable(
  "log_lines",
  {
    id: bigserial({ mode: "number" }).primaryKey(),
    scope: text().notNull(),
    deviceId: deviceId(),
    sequence: bigint({ mode: "number" }).notNull(),
    atMs: timeMs("at_ms").notNull(),
    component: text().notNull(),
    stream: text({ enum: ["out", "err", "runtime"] }).notNull(),
    text: text().notNull(),
  },
  (table) => [
    index("log_lines_device").on(table.deviceId, table.id),
    // What a device's line is known by: numbers begin anew when its host does, and then the time is another one.
    uniqueIndex("log_lines_once").on(table.deviceId, table.sequence, table.atMs),
  ],
);

export const telemetrySamples = pgTable(
  "telemetry_samples",
  {
    id: bigserial({ mode: "number" }).primaryKey(),
    scope: text().notNull(),
    deviceId: deviceId(),
    component: text().notNull(),
    stream: text().notNull(),
    sequence: bigint({ mode: "number" }).notNull(),
    atMs: timeMs("at_ms").notNull(),
    value: doublePrecision().notNull(),
    receivedAtMs: timeMs("received_at_ms").notNull(),
  },
  (table) => [
    index("telemetry_samples_device").on(table.deviceId, table.id),
    uniqueIndex("telemetry_samples_once").on(table.deviceId, table.sequence, table.atMs),
  ],
);

export const traceSegments = pgTable(
  "trace_segments",
  {
    id: bigserial({ mode: "number" }).primaryKey(),
    scope: text().notNull(),
    deviceId: deviceId(),
    component: text().notNull(),
    boot: text().notNull(),
    ring: bigint({ mode: "number" }).notNull(),
    first: bigint({ mode: "number" }).notNull(),
    lines: integer().notNull(),
    atMs: timeMs("at_ms").notNull(),
    entries: json().$type<TraceEntry[]>().notNull(),
    /** What it counts for against the bounds. */
    sizeBytes: integer("size_bytes").notNull(),
  },
  (table) => [
    index("trace_segments_device").on(table.deviceId, table.id),
    uniqueIndex("trace_segments_once").on(table.deviceId, table.component, table.boot, table.ring, table.first),
  ],
);

/** What devices could not keep until it was here. */
export const losses = pgTable(
  "losses",
  {
    id: bigserial({ mode: "number" }).primaryKey(),
    scope: text().notNull(),
    deviceId: deviceId(),
    kind: text({ enum: ["telemetry", "trace"] }).notNull(),
    stream: text().notNull(),
    count: bigint({ mode: "number" }).notNull(),
    fromMs: timeMs("from_ms"),
    toMs: timeMs("to_ms"),
    notedAtMs: timeMs("noted_at_ms").notNull(),
  },
  (table) => [index("losses_device").on(table.deviceId, table.id)],
);

export const commands = pgTable(
  "commands",
  {
    id: text().primaryKey(),
    scope: text().notNull(),
    deviceId: deviceId(),
    command: json().$type<Command>().notNull(),
    createdAtMs: timeMs("created_at_ms").notNull(),
    deadlineMs: timeMs("deadline_ms").notNull(),
    state: text({ enum: ["pending", "delivered", "done", "refused", "failed", "expired"] }).notNull(),
    deliveries: integer().notNull().default(0),
    finishedAtMs: timeMs("finished_at_ms"),
    code: text(),
    message: text(),
    /** Of an operator, as the device is given it. */
    signed: json().$type<OperatorWord>(),
    /** What the device answered to be signed next. */
    challenge: text(),
  },
  (table) => [index("commands_device").on(table.deviceId, table.createdAtMs), index("commands_state").on(table.state)],
);

export const releases = pgTable(
  "releases",
  {
    scope: text().notNull(),
    /** SHA-256 of the release file, which is a blob, unless it is encrypted. */
    digest: text().notNull(),
    /** Of an encrypted release: SHA-256 of its envelope, which is a blob in its place. */
    envelope: text(),
    target: text().notNull(),
    name: text().notNull(),
    version: text().notNull(),
    releaseCounter: integer("release_counter").notNull(),
    board: text().notNull(),
    lengthBytes: bigint("length_bytes", { mode: "number" }).notNull(),
    uploadedAtMs: timeMs("uploaded_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.digest] })],
);

/** Overlays that the newest list of their deployment names. */
export const overlays = pgTable(
  "overlays",
  {
    scope: text().notNull(),
    /** SHA-256 of the document, which is a blob. */
    digest: text().notNull(),
    target: text().notNull(),
    name: text().notNull(),
    deployment: text().notNull(),
    overlayCounter: integer("overlay_counter").notNull(),
    /** The release that it is for. */
    base: text().notNull(),
    devices: json().$type<string[] | null>(),
    expiresMs: timeMs("expires_ms").notNull(),
    effectiveDigest: text("effective_digest").notNull(),
    uploadedAtMs: timeMs("uploaded_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.digest] })],
);

/** The TUF repository's metadata, byte for byte: a set of files that must change together belongs into a transaction. */
export const tufMetadata = pgTable(
  "tuf_metadata",
  { scope: text().notNull(), name: text().notNull(), version: integer().notNull(), content: text().notNull() },
  (table) => [primaryKey({ columns: [table.scope, table.name] })],
);
