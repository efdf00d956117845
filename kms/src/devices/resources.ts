/** What devices last said about the resources of their components: one report each, gone with the process. */
import type { Resources } from "@bulkhead/protocol";
import type { ResourcesAnswer } from "../api/index.ts";

export type ResourceReports = {
  keep(deviceId: string, resources: Resources, atMs: number): void;
  /** Nulls before the first report, also that after a restart of the KMS. */
  of(deviceId: string): ResourcesAnswer;
  forget(deviceId: string): void;
};

export function createResourceReports(): ResourceReports {
  const newest = new Map<string, ResourcesAnswer>();
  return {
    keep: (deviceId, resources, receivedAtMs) => void newest.set(deviceId, { resources, receivedAtMs }),
    of: (deviceId) => newest.get(deviceId) ?? { resources: null, receivedAtMs: null },
    forget: (deviceId) => void newest.delete(deviceId),
  };
}
