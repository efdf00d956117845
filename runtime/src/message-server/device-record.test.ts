import type { DeviceStatus } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDeviceRecord } from "./device-record.ts";

const system = plainSystem({ system: "greenhouse" });
const statusOf = (generation: number): DeviceStatus => ({
  format: 1,
  atMs: 1,
  generation,
  release: { digest: "a".repeat(64), name: "greenhouse", version: "1.0.0", releaseCounter: 1 },
  update: { state: "idle", reason: "" },
  components: [],
  channels: [],
});

test("[K3] the message server answers what the root server pushed last", () => {
  const record = createDeviceRecord();
  expect(record.accept({ status: statusOf(1), system })).toEqual({ generation: 1 });
  expect(record.accept({ status: statusOf(2), system })).toEqual({ generation: 2 });
  expect(record.status().generation).toBe(2);
  expect(record.system()).toEqual(system);
});

test("[K3] the message server says that it knows nothing yet, rather than something invented", () => {
  const notReady = expect.objectContaining({ code: "COMPONENT_NOT_READY" });
  expect(() => createDeviceRecord().status()).toThrow(notReady);
  expect(() => createDeviceRecord().system()).toThrow(notReady);
});

test("[K3] a bad push is counted and the last good one is kept", () => {
  fc.assert(
    fc.property(fc.anything(), (garbage) => {
      const record = createDeviceRecord();
      record.accept({ status: statusOf(7), system });
      expect(record.accept(garbage)).toHaveProperty("refused");
      expect(record.accept({ status: statusOf(8), system, more: 1 })).toHaveProperty("refused");
      expect(record.status().generation).toBe(7);
      expect(record.counts()).toEqual({ accepted: 1, refused: 2 });
    }),
  );
});
