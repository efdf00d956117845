import { expect, test } from "vitest";
import type { VerifierConfig } from "./config.ts";
import { createAdmit, createUnwrap, type Opening } from "./opening.ts";

function store() {
  const asked: unknown[] = [];
  const opening = {
    admit: async (key: unknown) => void asked.push(key),
    unwrap: async (what: unknown) => {
      asked.push(what);
      return { fileKey: new Uint8Array(16) };
    },
  } as unknown as Opening;
  return { asked, opening };
}
const provisioning = { deployment: "field" } as VerifierConfig["provisioning"];
const command = (deployment: string) =>
  ({
    kind: "admit",
    deployment,
    publicKey: "k".repeat(43),
    wrapped: Buffer.from("sealed").toString("base64"),
  }) as const;

test("[S3] the key of another deployment does not reach the key store, whoever signed for it", async () => {
  const { asked, opening } = store();
  await expect(createAdmit(opening, { provisioning })(command("house"))).rejects.toMatchObject({
    code: "COMMAND_INVALID",
    message: expect.stringContaining("the key is for house, and this device is in field"),
  });
  expect(asked).toEqual([]);
  await createAdmit(opening, { provisioning })(command("field"));
  expect(asked).toEqual([
    { deployment: "field", publicKey: "k".repeat(43), wrapped: new Uint8Array(Buffer.from("sealed")) },
  ]);
});

test("[S3] a system without the channel to the key store says so, and opens nothing", async () => {
  await expect(createAdmit(undefined, { provisioning })(command("field"))).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
  expect(await createUnwrap(undefined)([{ args: ["X25519", "s".repeat(43)], body: Buffer.alloc(32) }])).toBeUndefined();
});

test("[S3] only what may be ours is asked of the key store, and no more than 64 at once", async () => {
  const { asked, opening } = store();
  const unwrap = createUnwrap(opening);
  const ours = { args: ["X25519", "s".repeat(43)], body: Buffer.alloc(32) };
  const others = [
    { args: ["scrypt", "salt", "18"], body: Buffer.alloc(32) },
    { args: ["X25519", "short"], body: Buffer.alloc(32) },
    { args: ["X25519", "s".repeat(43), "more"], body: Buffer.alloc(32) },
    { ...ours, body: Buffer.alloc(31) },
  ];
  expect(await unwrap(others)).toBeUndefined();
  expect(asked).toEqual([]);
  expect(await unwrap([...others, ...Array.from({ length: 80 }, () => ours)])).toEqual(new Uint8Array(16));
  expect((asked[0] as { stanzas: unknown[] }).stanzas).toHaveLength(64);
});
