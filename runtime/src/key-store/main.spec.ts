import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  deviceIdOf,
  generateSigningKey,
  generateX25519Key,
  randomToken,
  redemptionBytes,
  transcriptBytes,
  verifySignature,
} from "@bulkhead/protocol";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialiseKeys, type KeyStorePlaces, openKeys } from "./key-file.ts";
import { keyStore } from "./main.ts";
import { signedBytes } from "./own-keys.ts";
import { addSecrets } from "./secrets.ts";
import { writeToken } from "./token.ts";

let directory: string;
let places: KeyStorePlaces;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-keys-"));
  places = { directory: join(directory, "keys"), secret: { directory: join(directory, "sealing"), tpm: null } };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const transcriptOf = ({ deviceKey, tunnelKey }: { deviceKey: string; tunnelKey: string }) => ({
  deviceId: deviceIdOf(deviceKey),
  deviceNonce: randomToken(),
  kmsNonce: randomToken(),
  deviceTunnelKey: tunnelKey,
  kmsTunnelKey: randomToken(),
});

test("[K12] the key store serves identity and tunnel key of what was provisioned, and logs no key", async () => {
  const publicKeys = await initialiseKeys(places);
  const started = await startComponent(
    keyStore(() => places),
    { uses: {} },
  );
  const identity = started.connect("identity").client;
  const { privateKey } = await started.connect("tunnel").client.read();
  expect(await identity.publicKeys()).toEqual(publicKeys);
  const transcript = transcriptOf(publicKeys);
  const { signature } = await identity.signTranscript(transcript);
  expect(verifySignature(publicKeys.deviceKey, transcriptBytes("device", transcript), signature)).toBe(true);
  expect((await identity.random({ bytes: 24 })).data).toHaveLength(24);
  expect(started.lines.join()).not.toContain(privateKey);
});

test("[K18] what a card brought is used for the tunnel and to enrol once; the token leaves the key store in no form, and goes when it was used", async () => {
  const [tunnelKey, token] = [generateX25519Key(), generateSigningKey()];
  const publicKeys = await initialiseKeys(places, tunnelKey);
  expect(publicKeys.tunnelKey).toBe(tunnelKey.publicKey);
  await writeToken(places.directory, (await openKeys(places)).sealer, token);
  const start = () =>
    startComponent(
      keyStore(() => places),
      { uses: {} },
    );
  const transcript = transcriptOf(publicKeys);
  const first = (await start()).connect("identity").client;
  const { redemption } = await first.signTranscript(transcript);
  const bytes = redemptionBytes(transcript, publicKeys.deviceKey);
  expect(verifySignature(token.publicKey, bytes, redemption?.signature ?? "")).toBe(true);
  // Sealed: nobody reads it off the disk as it is.
  const files = await Promise.all(
    (await readdir(places.directory)).map((name) => readFile(join(places.directory, name), "utf8")),
  );
  expect(files.join()).not.toContain(token.privateKey);
  await first.enrolled();
  expect((await first.signTranscript(transcript)).redemption).toBeUndefined();
  const again = (await start()).connect("identity").client;
  expect((await again.signTranscript(transcript)).redemption).toBeUndefined();
  expect(await readdir(places.directory)).toEqual(["keys.json"]);
});

test("[K12] the key store does not start without its keys", async () => {
  await expect(
    startComponent(
      keyStore(() => places),
      { uses: {} },
    ),
  ).rejects.toMatchObject({ code: "KEY_STORE_DAMAGED" });
});

test("[K12] a component gets the secrets that its manifest names and no other, and they are in no log", async () => {
  await initialiseKeys(places);
  await addSecrets(places.directory, (await openKeys(places)).sealer, { "mqtt-password": "swordfish", other: "tr0ut" });
  const started = await startComponent(
    keyStore(() => places),
    { uses: {} },
  );
  const { client } = started.connect("secrets", { grant: { names: ["mqtt-password", "not-set"] } });
  expect(await client.read({ name: "mqtt-password" })).toEqual({ value: "swordfish" });
  await expect(client.read({ name: "other" })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
  await expect(client.read({ name: "not-set" })).rejects.toMatchObject({ code: "SECRET_NOT_SET" });
  expect(started.lines.join()).not.toMatch(/swordfish|tr0ut/);
});

test("[K12] two components sign and agree under their own names only, with keys that they never see", async () => {
  await initialiseKeys(places);
  const started = await startComponent(
    keyStore(() => places),
    { uses: {} },
  );
  const one = started.connect("keys", { component: "one" }).client;
  const two = started.connect("keys", { component: "two" }).client;
  const { deviceKey, agreementKey } = await one.publicKeys();
  const data = new Uint8Array([1, 2, 3]);
  const { signature } = await one.sign({ data });
  expect(verifySignature(deviceKey, signedBytes("one", data), signature)).toBe(true);
  expect(verifySignature(deviceKey, signedBytes("two", data), signature)).toBe(false);
  const peer = generateX25519Key();
  const jwk = { kty: "OKP", crv: "X25519", x: peer.publicKey, d: peer.privateKey };
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: jwk, format: "jwk" }),
    publicKey: createPublicKey({ key: { kty: "OKP", crv: "X25519", x: agreementKey }, format: "jwk" }),
  });
  const { secret } = await one.agree({ publicKey: peer.publicKey });
  expect(Buffer.from(secret)).toEqual(Buffer.from(hkdfSync("sha256", shared, "", "bulkhead agreement 1 one", 32)));
  expect((await two.agree({ publicKey: peer.publicKey })).secret).not.toEqual(secret);
  await expect(one.agree({ publicKey: "A".repeat(43) })).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
});
