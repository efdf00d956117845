/** What devices last said about the resources of their components: one report each, gone with the process. */
import type { Resources } from "@bulkhead/protocol";
import type { ResourcesAnswer } from "../api/index.ts";
import type { MemoryBound } from "./newest.ts";

export type ResourceReports = {
  keep(deviceId: string, resources: Resources, atMs: number): void;
  /** Nulls before the first report, also that after a restart of the KMS. */
  of(deviceId: string): ResourcesAnswer;
  forget(deviceId: string): void;
};

export function createResourceReports(bound: MemoryBound): ResourceReports {
  const newest = bound.newest<ResourcesAnswer>();
  return {
    keep: (deviceId, resources, receivedAtMs) => newest.keep(deviceId, "", { resources, receivedAtMs }),
    of: (deviceId) => newest.of(deviceId, "") ?? { resources: null, receivedAtMs: null },
    forget: newest.forget,
  };
}
