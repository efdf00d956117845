import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceIdOf, generateX25519Key, isOpeningKeyOf, type KeyPair, randomToken } from "@bulkhead/protocol";
import { startComponent } from "@bulkhead/sdk/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialiseKeys, type KeyStorePlaces } from "./key-file.ts";
import { keyStore } from "./main.ts";

let directory: string;
let places: KeyStorePlaces;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-opening-"));
  places = { directory: join(directory, "keys"), secret: { directory: join(directory, "sealing"), tpm: null } };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function startStore() {
  const { deviceKey, tunnelKey } = await initialiseKeys(places);
  const started = await startComponent(
    keyStore(() => places),
    { uses: {} },
  );
  const deviceId = deviceIdOf(deviceKey);
  const transcript = { deviceId, deviceNonce: randomToken(), kmsNonce: randomToken() };
  const identity = started.connect("identity").client;
  const { opening } = await identity.signTranscript({
    ...transcript,
    deviceTunnelKey: tunnelKey,
    kmsTunnelKey: randomToken(),
  });
  if (opening === undefined) throw new Error("the store shows no key that others encrypt to");
  return { deviceId, opening, store: started.connect("opening").client, lines: started.lines };
}

test("[S3] a device shows a key that others encrypt to, by its device key's word, and it is the same after a restart", async () => {
  const [first, second] = [await startStore(), await startStore()];
  expect(second.opening).toEqual(first.opening);
  expect(isOpeningKeyOf(first.deviceId, first.opening)).toBe(true);
  expect(isOpeningKeyOf("d-0123456789abcdef", first.opening)).toBe(false);
  const { publicKey } = generateX25519Key();
  expect(isOpeningKeyOf(first.deviceId, { ...first.opening, publicKey })).toBe(false);
});

test("[S3] what is no key of a deployment for this device is refused, and changes nothing", async () => {
  const { store } = await startStore();
  const deployment = generateX25519Key();
  const asked = { deployment: "field", publicKey: deployment.publicKey };
  for (const wrapped of [new Uint8Array(0), new Uint8Array(500), Buffer.from("age-encryption.org/v1\n-> X25519 ")]) {
    const result = store.admit({ ...asked, wrapped: new Uint8Array(wrapped) });
    await expect(result).rejects.toMatchObject({ code: "SEALED_INVALID" });
  }
  expect(await readdir(places.directory)).not.toContain("deployment-keys.json");
  expect(await store.unwrap({ stanzas: [stanzaOf(deployment)] })).toEqual({ fileKey: null });
});

test("[S3] the store's word for what others encrypt to holds no private key, nor does its log", async () => {
  const { opening, lines } = await startStore();
  expect(Object.keys(opening).sort()).toEqual(["deviceKey", "publicKey", "signature"]);
  expect(lines.join()).not.toContain("privateKey");
});

const stanzaOf = ({ publicKey }: KeyPair) => ({ share: publicKey, body: new Uint8Array(32) });
