import type { Device } from "@bulkhead/kms";
import { expect, test } from "vitest";
import { findDevice, lookUpDevice } from "./find-device.ts";

const devices = [
  { id: "d-b3da2becff54d371", name: "greenhouse-1" },
  { id: "d-b3da000000000000", name: "pump" },
  { id: "d-4afc172fcdcd2c02", name: "d-b3da2becff54d371" },
];

test.each([
  ["d-b3da2becff54d371", "greenhouse-1", "an id, also where another device has it for a name"],
  ["pump", "pump", "a name"],
  ["d-b3da2", "greenhouse-1", "the beginning of one id"],
  ["d-4", "d-b3da2becff54d371", "the beginning of one id, however short"],
])("[S8] %s is %s: %s", (wanted, name) => {
  expect(findDevice(devices, wanted).name).toBe(name);
});

test("[S8] what could be several devices is no device", () => {
  expect(() => findDevice(devices, "d-b3")).toThrow(
    "d-b3 could be greenhouse-1 (d-b3da2becff54d371) or pump (d-b3da000000000000)",
  );
});

test.each(["pum", "Pump", "d-ffff", ""])("[S8] %j is unknown, and the error names the devices there are", (wanted) => {
  expect(() => findDevice(devices, wanted)).toThrow(
    expect.objectContaining({ code: "NOT_FOUND", remedy: expect.stringContaining("pump (d-b3da000000000000)") }),
  );
});

test("[S8] what the service calls a device does not steer the terminal that shows it, and is found by it all the same", async () => {
  const hostile = { id: "d-1\u001b[2J", name: "pump\u202e\u0007" } as Device;
  const client = { devices: async () => [hostile] };
  expect(await lookUpDevice(client, hostile.name)).toEqual({ id: "d-1\\u001b[2J", name: "pump\\u202e\\u0007" });
  const remedy = "there is pump\\u202e\\u0007 (d-1\\u001b[2J)";
  await expect(lookUpDevice(client, "pump")).rejects.toMatchObject({ code: "NOT_FOUND", remedy });
});

test("[S8] where no device is enrolled, the error says so", () => {
  expect(() => findDevice([], "pump")).toThrow(expect.objectContaining({ remedy: "no device is enrolled yet" }));
});
