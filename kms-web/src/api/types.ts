/**
 * What this console reads of the KMS API. The KMS's own schemas are the definition; tests/console-contract.test.ts
 * holds the two together.
 */
import type { Command, CrashRecord, DeviceStatus, LogLine, OnlyFor, Resources, System } from "@bulkhead/protocol";

export type Device = {
  id: string;
  name: string;
  address: string;
  connected: boolean;
  connectedAtMs: number | null;
  lastSeenMs: number | null;
  presence: "connected" | "never" | "offline" | "asleep" | "overdue";
  expectedAtMs: number | null;
  tunnel: { latestHandshakeMs: number | null } | null;
  release: DeviceStatus["release"] | null;
  overlay: NonNullable<DeviceStatus["overlay"]> | null;
  generation: number | null;
  components: { total: number; ready: number; failed: number } | null;
  unsignedCommands: boolean | null;
};

export type StatusAnswer = { status: DeviceStatus | null; receivedAtMs: number | null };
export type ManifestAnswer = { manifest: System | null; receivedAtMs: number | null };
export type CrashesAnswer = { crashes: CrashRecord[] | null; receivedAtMs: number | null };
export type ResourcesAnswer = { resources: Resources | null; receivedAtMs: number | null };

export type Loss = { stream: string; count: number; fromMs: number | null; toMs: number | null; notedAtMs: number };
export type TelemetryStream = {
  component: string;
  stream: string;
  unit: string | null;
  points: { atMs: number; value: number }[];
};
export type TelemetryOfDevice = { streams: TelemetryStream[]; losses: Loss[] };

/** `id` rises for ever at the KMS; `sequence` starts anew at each boot of the device. */
export type StoredLogLine = LogLine & { id: number };
export type LogAnswer = { lines: StoredLogLine[]; dropped: number };

export type DeviceEvent = { id: number; deviceId: string; atMs: number; code: string; message: string };

export type StoredCommand = {
  id: string;
  deviceId: string;
  command: Command;
  createdAtMs: number;
  state: "pending" | "delivered" | "done" | "refused" | "failed" | "expired";
  code: string | null;
  message: string | null;
  /** By operators' keys; the device alone can tell whether they count. */
  signed: { signatures: { key: string }[] } | null;
};

export type Release = {
  digest: string;
  target: string;
  name: string;
  version: string;
  releaseCounter: number;
  board: string;
  uploadedAtMs: number;
  /** Not null: encrypted, so that nothing but these lines can be shown of it. */
  envelope?: string | null;
  /** False: withdrawn, and no device takes it. */
  isSigned: boolean;
  /** Devices that have committed a counter up to this may go back to it. */
  rollbackFrom: number | null;
  /** The devices that take it; null: any of its board. */
  onlyFor: OnlyFor | null;
};

export type Health = { gateway: "up" | "down"; insecureBind: boolean; uploads: "verified" | "any" };

export type TelemetryMessage = { deviceId: string; topic: string; atMs: number; payload: string };
export type TelemetryAnswer = { topics: { deviceId: string; topic: string; messages: TelemetryMessage[] }[] };

export type KmsEvent =
  | { type: "device"; device: Device }
  | { type: "device-removed"; deviceId: string }
  | { type: "crashes"; deviceId: string }
  | { type: "device-event"; event: DeviceEvent }
  | { type: "log"; deviceId: string; lines: StoredLogLine[] }
  | { type: "command"; command: StoredCommand }
  | { type: "release"; release: Release }
  | { type: "telemetry"; message: TelemetryMessage };
