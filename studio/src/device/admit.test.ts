/** What a device shows of the key that others encrypt to, before anything is encrypted to it. */
import type { Device } from "@bulkhead/kms";
import {
  deviceIdOf,
  generateSigningKey,
  generateX25519Key,
  type OpeningKey,
  openingKeyBytes,
  signMessage,
} from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { checkOpeningKey } from "./admit.ts";

const [mine, others] = [generateSigningKey(), generateSigningKey()];
const { publicKey } = generateX25519Key();
const device = (opening: OpeningKey | null) => ({ id: deviceIdOf(mine.publicKey), name: "pump", opening }) as Device;
function shown(key = mine, encryptsTo = publicKey): OpeningKey {
  const what = { deviceKey: key.publicKey, publicKey: encryptsTo };
  return { ...what, signature: signMessage(key, openingKeyBytes(what)) };
}

describe("[S3] the key that a device shows", () => {
  test("is taken where it is the device's own word", () => {
    expect(checkOpeningKey(device(shown()), undefined)).toEqual(shown());
    expect(checkOpeningKey(device(shown()), mine.publicKey)).toEqual(shown());
  });

  test.each<[string, OpeningKey | null, string | undefined, string]>([
    ["it has none", null, undefined, "NOT_FOUND"],
    ["another signed it", shown(others), undefined, "DEVICE_MISMATCH"],
    ["it was exchanged", { ...shown(), publicKey: generateX25519Key().publicKey }, undefined, "DEVICE_MISMATCH"],
    ["another device was noted", shown(), others.publicKey, "DEVICE_MISMATCH"],
    ["it is of small order", shown(mine, "A".repeat(43)), undefined, "KEY_WEAK"],
  ])("is refused where %s", (_what, opening, deviceKey, code) => {
    expect(() => checkOpeningKey(device(opening), deviceKey)).toThrow(expect.objectContaining({ code }));
  });
});
