import { expect, test } from "vitest";
import { z } from "zod";
import { fromDevice } from "./command-channel.ts";
import { parseIgnoringUnknown } from "./unknown-members.ts";

const status = () => ({
  format: 1,
  atMs: 1,
  generation: 1,
  release: { digest: "a".repeat(64), name: "greenhouse", version: "1.0.0", releaseCounter: 1 },
  update: { state: "idle", reason: "" },
  components: [
    {
      ...{ name: "climate", role: "application", state: "ready", incarnation: 1, restarts: 0, pid: 7 },
      ...{ lastReason: null, level: null },
    },
  ],
  channels: [],
});

test("[M4] members that a newer device adds to its state, at any depth, are left out of what is kept", () => {
  const newer = status() as Record<string, unknown> & ReturnType<typeof status>;
  Object.assign(newer, { colour: "blue" });
  Object.assign(newer.release, { licence: { deep: [1, 2, { x: 1 }] } });
  Object.assign(newer.components[0] ?? {}, { mood: "good" });
  const message = { type: "status", status: newer, urgency: 3 };
  expect(parseIgnoringUnknown(fromDevice, message)).toEqual({ type: "status", status: status() });
});

test("[M4] what an older device leaves out, and what it says exactly, is as it was", () => {
  expect(parseIgnoringUnknown(fromDevice, { type: "status", status: status() })).toMatchObject({ status: status() });
});

test("[M4] a wrong value, a missing member and a type of message that nobody knows are refused as before", () => {
  const wrong = { type: "status", status: { ...status(), generation: "1", colour: "blue" } };
  expect(() => parseIgnoringUnknown(fromDevice, wrong)).toThrow(/generation/);
  const { generation: _, ...lacking } = status();
  expect(() => parseIgnoringUnknown(fromDevice, { type: "status", status: lacking })).toThrow(/generation/);
  expect(() => parseIgnoringUnknown(fromDevice, { type: "telepathy" })).toThrow();
});

test("[M4] more unknown members than a version ever adds are refused, before they cost anything", () => {
  const schema = z.strictObject({ items: z.array(z.strictObject({ a: z.number() })) });
  const items = Array.from({ length: 1500 }, () => ({ a: 1, b: 2 }));
  expect(() => parseIgnoringUnknown(schema, { items })).toThrow();
  expect(parseIgnoringUnknown(schema, { items: items.slice(0, 900) }).items).toHaveLength(900);
});
