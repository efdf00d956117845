/** What devices last said about crashes of their components. The device keeps them; this is gone with the process. */
import type { CrashRecord } from "@bulkhead/protocol";
import type { CrashesAnswer } from "../api/index.ts";

export type CrashReports = {
  keep(deviceId: string, crashes: readonly CrashRecord[], atMs: number): void;
  /** Null before the first report, also that after a restart of the KMS: a device tells again when it connects. */
  of(deviceId: string): CrashesAnswer;
  forget(deviceId: string): void;
};

export function createCrashReports(): CrashReports {
  const newest = new Map<string, CrashesAnswer>();
  return {
    keep: (deviceId, crashes, receivedAtMs) => void newest.set(deviceId, { crashes: [...crashes], receivedAtMs }),
    of: (deviceId) => newest.get(deviceId) ?? { crashes: null, receivedAtMs: null },
    forget: (deviceId) => void newest.delete(deviceId),
  };
}
