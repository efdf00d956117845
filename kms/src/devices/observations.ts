/** What devices showed when they were asked: the newest of each kind, gone with the process. */
import type { Observation } from "@bulkhead/protocol";
import type { ObservationAnswer } from "../api/index.ts";

export type Observations = {
  keep(deviceId: string, observation: Observation, atMs: number): void;
  /** Nulls where the device was never asked. */
  of(deviceId: string, kind: Observation["kind"]): ObservationAnswer;
  forget(deviceId: string): void;
};

export function createObservations(): Observations {
  const newest = new Map<string, Map<string, ObservationAnswer>>();
  return {
    keep(deviceId, observation, receivedAtMs) {
      const kinds = newest.get(deviceId) ?? new Map<string, ObservationAnswer>();
      newest.set(deviceId, kinds.set(observation.kind, { observation, receivedAtMs }));
    },
    of: (deviceId, kind) => newest.get(deviceId)?.get(kind) ?? { observation: null, receivedAtMs: null },
    forget: (deviceId) => void newest.delete(deviceId),
  };
}
