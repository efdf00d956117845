import { plainStatus, plainSystem } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDeviceRecord } from "./device-record.ts";

const system = plainSystem({ system: "greenhouse" });

test("[K3] the message server answers what the root server pushed last", () => {
  const record = createDeviceRecord();
  expect(record.accept({ status: plainStatus(1), system })).toEqual({ generation: 1 });
  expect(record.accept({ status: plainStatus(2), system })).toEqual({ generation: 2 });
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
      record.accept({ status: plainStatus(7), system });
      expect(record.accept(garbage)).toHaveProperty("refused");
      expect(record.accept({ status: plainStatus(8), system, more: 1 })).toHaveProperty("refused");
      expect(record.status().generation).toBe(7);
      expect(record.counts()).toEqual({ accepted: 1, refused: 2 });
    }),
  );
});
