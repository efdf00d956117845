import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  deviceIdOf,
  type Enrolment,
  generateSigningKey,
  generateX25519Key,
  provisioningSchema,
} from "@bulkhead/protocol";
import { expect, onTestFinished, test, vi } from "vitest";
import { openKeys } from "../key-store/key-file.ts";
import { readToken } from "../key-store/token.ts";
import { takeIdentity, wipeIdentity } from "./identity.ts";

function board() {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-first-start-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const place = join(directory, "partition");
  const store = { directory: join(directory, "keys"), secret: { directory: join(directory, "sealing"), tpm: null } };
  const write = (content: string) => {
    const bytes = Buffer.alloc(4 * 1024 * 1024);
    bytes.write(content);
    writeFileSync(place, bytes);
  };
  const isWiped = () => readFileSync(place).equals(Buffer.alloc(4 * 1024 * 1024));
  return { directory, place, store, write, isWiped };
}

function enrolment(): Enrolment {
  const tunnelKey = generateX25519Key();
  const kms = { instanceKey: generateSigningKey().publicKey, tunnelKey: generateX25519Key().publicKey };
  const endpoint = { host: "198.18.0.1", port: 51_820 };
  const network = { endpoint, address: "fd00:1:2::1", proxies: {} };
  const invitation = { tunnelKey: tunnelKey.publicKey, kms: { ...kms, ...network }, tufRoot: "{}" };
  return {
    ...{ format: 1, token: generateSigningKey(), tunnelKey, expiresAtMs: 1 },
    invitation: { format: 1, name: "cabinet-1", addressPrefix: "fd00:1:2:0:0:0:1:0", ...invitation },
  };
}

test("[K18] a board makes its device key itself, keeps the token sealed, and wipes what its card brought", async () => {
  const { directory, place, store, write, isWiped } = board();
  const given = enrolment();
  write(JSON.stringify(given));
  await takeIdentity(directory, place);
  expect(isWiped()).toBe(true);
  const { keys, sealer } = await openKeys(store);
  const provisioning = provisioningSchema.parse(JSON.parse(readFileSync(join(directory, "provisioning.json"), "utf8")));
  expect(provisioning).toEqual({
    ...given.invitation,
    deviceId: deviceIdOf(keys.deviceKey.publicKey),
    deviceKey: keys.deviceKey.publicKey,
  });
  expect(keys.tunnelKey).toEqual(given.tunnelKey);
  expect(await readToken(store.directory, sealer)).toEqual(given.token);
  expect(statSync(join(directory, "provisioning.json")).mode & 0o077).toBe(0);
  for (const name of readdirSync(store.directory))
    expect(readFileSync(join(store.directory, name), "utf8")).not.toContain(given.token.privateKey);
  expect(existsSync(join(directory, "identity.new"))).toBe(false);
});

test("[K18] a board that was cut off before it was done begins anew, and one that was cut off before it had wiped does that", async () => {
  const { directory, place, store, write, isWiped } = board();
  write(JSON.stringify(enrolment()));
  const partition = readFileSync(place);
  await takeIdentity(directory, place);
  const { keys: first } = await openKeys(store);
  // Cut off before the last name: what is there of keys does not count yet.
  writeFileSync(place, partition);
  rmSync(join(directory, "provisioning.json"));
  await takeIdentity(directory, place);
  expect((await openKeys(store)).keys.deviceKey).not.toEqual(first.deviceKey);
  writeFileSync(place, partition);
  await wipeIdentity(place);
  expect(isWiped()).toBe(true);
});

test("[K18] whatever a power cut leaves: before the card is wiped its identity is on the disk, and before that counts its keys are", async () => {
  const { directory, place, write } = board();
  write(JSON.stringify(enrolment()));
  const tools = mkdtempSync(join(tmpdir(), "bulkhead-tools-"));
  onTestFinished(() => rmSync(tools, { recursive: true, force: true }));
  const sync = `#!/bin/sh\n{ ls "$2" | tr '\\n' ' '; head -c 1 ${place}; echo; } >> ${tools}/seen\nexec /bin/sync "$@"\n`;
  writeFileSync(join(tools, "sync"), sync, { mode: 0o755 });
  vi.stubEnv("PATH", `${tools}:${process.env["PATH"]}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  await takeIdentity(directory, place);
  expect(readFileSync(join(tools, "seen"), "utf8").trim().split("\n")).toEqual([
    "identity.new keys partition sealing {",
    "keys partition provisioning.json sealing {",
  ]);
});

test.each([
  ["cut off", (text: string) => text.slice(0, -20)],
  ["of a format to come", (text: string) => text.replace('"format":1', '"format":2')],
  ["with more than is known", (text: string) => text.replace("{", '{"command":"x",')],
])("[K18] an enrolment that is %s gives the board nothing, and its keys are in no error", async (_, spoil) => {
  const { directory, place, write, isWiped } = board();
  const given = enrolment();
  write(spoil(JSON.stringify(given)));
  const error = await takeIdentity(directory, place).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "ENROLMENT_INVALID", remedy: expect.stringContaining("bulkhead flash") });
  expect(`${error} ${JSON.stringify(error)}`).not.toContain(given.token.privateKey);
  expect(existsSync(join(directory, "provisioning.json"))).toBe(false);
  // Left as it is: who flashed it may want to see what is wrong.
  expect(isWiped()).toBe(false);
});
