/** What devices last said about crashes of their components. The device keeps them; this is gone with the process. */
import type { CrashRecord } from "@bulkhead/protocol";
import type { CrashesAnswer } from "../api/index.ts";
import type { MemoryBound } from "./newest.ts";

export type CrashReports = {
  keep(deviceId: string, crashes: readonly CrashRecord[], atMs: number): void;
  /** Null before the first report, also that after a restart of the KMS: a device tells again when it connects. */
  of(deviceId: string): CrashesAnswer;
  forget(deviceId: string): void;
};

export function createCrashReports(bound: MemoryBound): CrashReports {
  const newest = bound.newest<CrashesAnswer>();
  return {
    keep: (deviceId, crashes, receivedAtMs) => newest.keep(deviceId, "", { crashes: [...crashes], receivedAtMs }),
    of: (deviceId) => newest.of(deviceId, "") ?? { crashes: null, receivedAtMs: null },
    forget: newest.forget,
  };
}
