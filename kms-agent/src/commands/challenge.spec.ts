import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeDevice, makeFakeDevice } from "../testing/fake-device.ts";
import { type FakeKms, makeIdentities, startFakeKms } from "../testing/fake-kms.ts";

const keys = makeIdentities();
const challenge = "C".repeat(43);
const versionOf = (file: string) => JSON.stringify({ signed: { meta: { [file]: { version: 1 } } } });
const files: Record<string, string> = {
  "/device/v1/metadata/timestamp.json": versionOf("snapshot.json"),
  "/device/v1/metadata/1.snapshot.json": versionOf("targets.json"),
  "/device/v1/metadata/1.targets.json": "{}",
};

let kms: FakeKms;
let fake: FakeDevice;
let stop: () => Promise<void>;
/** What lay staged when the verifier was asked. */
let staged: string[][];
beforeEach(async () => {
  kms = await startFakeKms(keys);
  fake = await makeFakeDevice(keys);
  staged = [];
  fake.device.command = async () => {
    staged.push((await readdir(join(fake.directory, "metadata"))).sort());
    return { accepted: true, code: null, message: "an operator can sign", challenge };
  };
  stop = await fake.start(kms.port);
  await eventually(() => expect(kms.isOpen()).toBe(true));
});
afterEach(async () => {
  await stop();
  await kms.close();
  await fake.remove();
});

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
function ask(): string {
  const id = randomUUID();
  const deadlineMs = Date.now() + 60_000;
  kms.send({ type: "command", envelope: { id, deviceId: fake.deviceId, deadlineMs, command: { kind: "challenge" } } });
  return id;
}
const answers = () => kms.received.filter((message) => message.type === "command-result");

test("[M15] the newest metadata is staged before the verifier gives a challenge, which goes out with the result", async () => {
  kms.serve(({ url = "" }, response) => {
    const body = files[url];
    if (body === undefined) response.writeHead(404);
    response.end(body);
  });
  const id = ask();
  await eventually(() => expect(answers()).toMatchObject([{ id, outcome: "done", challenge }]));
  expect(staged).toEqual([["1.snapshot.json", "1.targets.json", "timestamp.json"]]);
});

test("[M15] where there is no newer metadata the verifier is asked all the same", async () => {
  kms.serve((_, response) => void response.writeHead(404).end());
  const id = ask();
  await eventually(() => expect(answers()).toMatchObject([{ id, outcome: "done", challenge }]));
  expect(staged).toEqual([[]]);
});
