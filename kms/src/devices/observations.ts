/** What devices showed when they were asked: the newest of each kind, gone with the process. */
import type { Observation } from "@bulkhead/protocol";
import type { ObservationAnswer } from "../api/index.ts";
import type { MemoryBound } from "./newest.ts";

export type Observations = {
  keep(deviceId: string, observation: Observation, atMs: number): void;
  /** Nulls where the device was never asked. */
  of(deviceId: string, kind: Observation["kind"]): ObservationAnswer;
  forget(deviceId: string): void;
};

export function createObservations(bound: MemoryBound): Observations {
  const newest = bound.newest<ObservationAnswer>();
  return {
    keep: (deviceId, observation, receivedAtMs) =>
      newest.keep(deviceId, observation.kind, { observation, receivedAtMs }),
    of: (deviceId, kind) => newest.of(deviceId, kind) ?? { observation: null, receivedAtMs: null },
    forget: newest.forget,
  };
}
