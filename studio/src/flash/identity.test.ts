import { BulkheadError, type Enrolment, enrolmentSchema } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { makeIdentity } from "./identity.ts";
import { service } from "./testing/service.ts";

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

test.each([
  ["a device's", "taken", { code: "CONFLICT", remedy: "choose another name" }],
  [
    "that of a board that is waited for",
    "awaited",
    {
      code: "CONFLICT",
      message: expect.stringContaining("until 2033-05-18T03:33:20.000Z"),
      remedy: expect.stringContaining('bulkhead device withdraw "awaited"'),
    },
  ],
  ["none", "Bench_1!", { code: "USAGE", message: expect.stringContaining("letters, digits") }],
])("[K18] a name that is %s is refused before anything is written or asked for", async (_, name, error) => {
  const { client, asked } = service();
  await expect(makeIdentity(client, name)).rejects.toMatchObject(error);
  expect(asked).toEqual([]);
});

test("[K18] a card that fails has its token withdrawn, also where the service does not answer any more", async () => {
  const { client } = service();
  const away = () => Promise.reject(new BulkheadError("STUDIO_UNREACHABLE", "away"));
  const identity = await makeIdentity({ ...client, cancelEnrolment: away }, "cabinet-1");
  await identity.enrol();
  await expect(identity.withdraw()).resolves.toBeUndefined();
});
