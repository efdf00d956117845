import { generateSigningKey } from "@bulkhead/protocol";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeFakeDevice } from "./testing/fake-device.ts";
import { makeIdentities, startFakeKms } from "./testing/fake-kms.ts";

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

test("[K18] redeems its card's token until the KMS has said welcome, and has it put away then", async () => {
  const keys = makeIdentities();
  const [kms, fake] = [await startFakeKms(keys), await makeFakeDevice(keys)];
  onTestFinished(async () => {
    await kms.close();
    await fake.remove();
  });
  fake.device.token = generateSigningKey();
  kms.onHello((socket) => socket.close());
  const stop = await fake.start(kms.port);
  onTestFinished(stop);
  await eventually(() => expect(kms.connections()).toBeGreaterThan(0));
  expect(fake.calls.map(({ operation }) => operation)).not.toContain("enrolled");
  kms.onHello((socket, transcript) => socket.send(kms.challenge(transcript)));
  await eventually(() => expect(fake.calls.map(({ operation }) => operation)).toContain("enrolled"));
  const deviceKey = keys.device.publicKey;
  expect(kms.received.filter(({ type }) => type === "proof")).toMatchObject([{ redemption: { deviceKey } }]);
  expect(JSON.stringify([kms.received, fake.logged])).not.toContain(fake.device.token.privateKey);
});
