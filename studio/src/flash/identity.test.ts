import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BulkheadError,
  type Enrolment,
  enrolmentSchema,
  generateSigningKey,
  generateTunnelKey,
} from "@bulkhead/protocol";
import { expect, onTestFinished, test } from "vitest";
import { encodeEnrolment, makeIdentity, openEnrolment, readTokenFile } from "./identity.ts";

const expiresAtMs = 2_000_000_000_000;

/** A service that knows one device; `asked` is what it heard. */
function service() {
  const asked: unknown[] = [];
  const endpoint = { host: "198.18.0.1", port: 51_820 };
  const kms = { instanceKey: generateSigningKey().publicKey, tunnelKey: generateTunnelKey().publicKey };
  const client = {
    devices: async () => [{ name: "taken" }] as never,
    async openEnrolment(request: { name: string; tunnelKey: string; tokenKey: string }) {
      asked.push(request);
      return {
        enrolment: { number: 7, name: request.name, createdAtMs: 1, expiresAtMs },
        invitation: {
          ...{ format: 1 as const, name: request.name, tunnelKey: request.tunnelKey, tufRoot: "{}" },
          ...{ kms: { ...kms, endpoint, address: "fd00:1:2::1", proxies: {} }, addressPrefix: "fd00:1:2:0:0:0:1:0" },
        },
      };
    },
    async cancelEnrolment(number: number) {
      asked.push(number);
    },
  };
  return { client, asked };
}

test("[K18] a card gets a token and keys of the tunnel that the service hears the public halves of, and no device key", async () => {
  const { client, asked } = service();
  const identity = await makeIdentity(client, "cabinet-1");
  expect(asked).toEqual([]);
  const enrolment: Enrolment = enrolmentSchema.parse(JSON.parse(String(await identity.enrol())));
  const { token, tunnelKey } = enrolment;
  expect(asked).toEqual([{ name: "cabinet-1", tunnelKey: tunnelKey.publicKey, tokenKey: token.publicKey }]);
  expect(JSON.stringify(enrolment)).not.toContain("deviceKey");
  await identity.withdraw();
  expect(asked.at(-1)).toBe(7);
});

test("[K18] a name that is taken is said before anything is written or asked for", async () => {
  const { client, asked } = service();
  await expect(makeIdentity(client, "taken")).rejects.toThrow(expect.objectContaining({ code: "CONFLICT" }));
  expect(asked).toEqual([]);
});

test("[K18] a card that fails has its token withdrawn, also where the service does not answer any more", async () => {
  const { client } = service();
  const away = () => Promise.reject(new BulkheadError("STUDIO_UNREACHABLE", "away"));
  const identity = await makeIdentity({ ...client, cancelEnrolment: away }, "cabinet-1");
  await identity.enrol();
  await expect(identity.withdraw()).resolves.toBeUndefined();
});

async function tokenFile(change: (enrolment: Enrolment) => Enrolment = (enrolment) => enrolment) {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-token-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "cabinet-1.token");
  const { enrolment } = await openEnrolment(service().client, "cabinet-1");
  writeFileSync(file, encodeEnrolment(change(enrolment)), { mode: 0o600 });
  return { file, enrolment };
}
const refused = expect.objectContaining({
  code: "ENROLMENT_INVALID",
  remedy: expect.stringContaining("bulkhead device token"),
});

test("[K18] a token from a file is on the card as it was made, and the file goes when the card has it", async () => {
  const { file, enrolment } = await tokenFile();
  const identity = await readTokenFile(file, 1);
  expect(identity.name).toBe("cabinet-1");
  expect(JSON.parse(String(await identity.enrol()))).toEqual(enrolment);
  await identity.withdraw();
  expect(existsSync(file)).toBe(true);
  await identity.done();
  expect(existsSync(file)).toBe(false);
});

test("[K18] a token from a file that others can read, that is a link, altered or out of time is refused, and in no error", async () => {
  const { file, enrolment } = await tokenFile();
  const reason = (path: string, nowMs = 1) => readTokenFile(path, nowMs).catch((error: unknown) => error);
  expect(await reason(file, expiresAtMs)).toEqual(refused);
  const link = `${file}.link`;
  symlinkSync(file, link);
  expect(await reason(link)).toEqual(refused);
  expect(await reason(`${file}.absent`)).toEqual(refused);
  chmodSync(file, 0o640);
  expect(await reason(file)).toEqual(refused);
  chmodSync(file, 0o600);
  writeFileSync(file, readFileSync(file, "utf8").slice(0, -5));
  const error = await reason(file);
  expect(error).toEqual(refused);
  expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain(enrolment.token.privateKey);
});
