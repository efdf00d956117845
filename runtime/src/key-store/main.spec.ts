import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceIdOf, randomToken, transcriptBytes, verifySignature } from "@bulkhead/protocol";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialiseKeys } from "./key-file.ts";
import { keyStore } from "./main.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("[K12] the key store serves identity and tunnel key of what was provisioned, and logs no key", async () => {
  const publicKeys = await initialiseKeys(directory);
  const started = await startComponent(keyStore(directory), { uses: {} });
  const identity = started.connect("identity").client;
  const { privateKey } = await started.connect("tunnel").client.read();
  expect(await identity.publicKeys()).toEqual(publicKeys);
  const transcript = {
    deviceId: deviceIdOf(publicKeys.deviceKey),
    deviceNonce: randomToken(),
    kmsNonce: randomToken(),
    deviceTunnelKey: publicKeys.tunnelKey,
    kmsTunnelKey: randomToken(),
  };
  const { signature } = await identity.signTranscript(transcript);
  expect(verifySignature(publicKeys.deviceKey, transcriptBytes("device", transcript), signature)).toBe(true);
  expect((await identity.random({ bytes: 24 })).data).toHaveLength(24);
  expect(started.lines.join()).not.toContain(privateKey);
});

test("[K12] the key store does not start without its keys", async () => {
  await expect(startComponent(keyStore(directory), { uses: {} })).rejects.toMatchObject({ code: "KEY_STORE_DAMAGED" });
});
