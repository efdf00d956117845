import { randomUUID } from "node:crypto";
import type { Command, FromDevice } from "@bulkhead/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { accepted, type FakeDevice, makeFakeDevice } from "./testing/fake-device.ts";
import { type FakeKms, makeIdentities, startFakeKms } from "./testing/fake-kms.ts";

const keys = makeIdentities();
let kms: FakeKms;
let fake: FakeDevice;
let stop: (() => Promise<void>) | undefined;
beforeEach(async () => {
  kms = await startFakeKms(keys);
  fake = await makeFakeDevice(keys);
});
afterEach(async () => {
  await stop?.();
  await kms.close();
  await fake.remove();
});

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
type Sent<T extends FromDevice["type"]> = Extract<FromDevice, { type: T }>;
const sent = <T extends FromDevice["type"]>(type: T) => kms.received.filter((m): m is Sent<T> => m.type === type);
async function start(port: number) {
  stop = await fake.start(port);
}
const isConnected = () => eventually(() => expect(kms.isOpen()).toBe(true));
function command(body: Command): string {
  const id = randomUUID();
  kms.send({
    type: "command",
    envelope: { id, deviceId: fake.deviceId, deadlineMs: Date.now() + 60_000, command: body },
  });
  return id;
}

test("[K16] what a command asks to see comes before its result, and the KMS's time goes to the clock server", async () => {
  await start(kms.port);
  await isConnected();
  await eventually(() => expect(fake.offers).toMatchObject([{ source: "kms" }]));
  fake.device.command = async () => accepted;
  const id = command({ kind: "trace", component: "climate", action: "read" });
  await eventually(() => expect(sent("command-result").map((result) => result.id)).toContain(id));
  command({ kind: "report" });
  await eventually(() => expect(sent("command-result")).toHaveLength(2));
  expect(sent("observation").map(({ observation }) => observation.kind)).toEqual(["trace", "report"]);
  expect(sent("observation")[0]?.observation).toMatchObject({
    components: { climate: { entries: [[1, "m", "a mark of climate"]] } },
  });
  const types = kms.received.map(({ type }) => type);
  expect(types.indexOf("observation")).toBeLessThan(types.indexOf("command-result"));
});

test("[K16] what the verifier refuses to have seen is not sent", async () => {
  fake.device.command = async () => ({ accepted: false, code: "COMMAND_UNSIGNED", message: "no" });
  await start(kms.port);
  await isConnected();
  command({ kind: "report" });
  await eventually(() => expect(sent("command-result")).toMatchObject([{ outcome: "refused" }]));
  expect(sent("observation")).toEqual([]);
});
