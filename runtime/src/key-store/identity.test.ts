import { deviceIdOf, randomToken, transcriptBytes, verifySignature } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { randomData, signTranscript, tunnelPrivateKey } from "./identity.ts";
import { generateKeys } from "./key-record.ts";

const keys = generateKeys();
const transcript = {
  deviceId: deviceIdOf(keys.deviceKey.publicKey),
  deviceNonce: randomToken(),
  kmsNonce: randomToken(),
  deviceTunnelKey: keys.tunnelKey.publicKey,
  kmsTunnelKey: randomToken(),
};

test("[K12] the key store signs the device's side of a transcript, not the KMS's", () => {
  const { signature } = signTranscript(keys, transcript);
  expect(verifySignature(keys.deviceKey.publicKey, transcriptBytes("device", transcript), signature)).toBe(true);
  expect(verifySignature(keys.deviceKey.publicKey, transcriptBytes("kms", transcript), signature)).toBe(false);
});

test("[K12] the key store refuses to sign for another device or another tunnel", () => {
  const refused = expect.objectContaining({ code: "IPC_ARGUMENTS_INVALID" });
  expect(() => signTranscript(keys, { ...transcript, deviceId: "d-0123456789abcdef" })).toThrow(refused);
  expect(() => signTranscript(keys, { ...transcript, deviceTunnelKey: randomToken() })).toThrow(refused);
});

test("[K12] the tunnel key is given in the form that wg reads", () => {
  const { privateKey } = tunnelPrivateKey(keys);
  expect(privateKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(Buffer.from(privateKey, "base64").toString("base64url")).toBe(keys.tunnelKey.privateKey);
});

test("[K12] random data has the length that was asked for and differs each time", () => {
  expect(randomData(32).data).toHaveLength(32);
  expect(randomData(32).data).not.toEqual(randomData(32).data);
});
