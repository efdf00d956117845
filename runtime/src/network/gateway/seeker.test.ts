/** What the network server believes before there is a tunnel: what lies on its disk, and what it is answered. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer } from "@bulkhead/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { provisioningWith } from "../testing/fixtures.ts";
import { readKept, writeKept } from "./kept.ts";
import { openGateway, withoutImpossible } from "./seeker.ts";

const name = "gw.example.com";
const provisioning = provisioningWith({ kms: { endpoint: { host: name, port: 51820 } } });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-gateway-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** A device that looks for its gateway with what lies in `directory`. */
async function seek() {
  const told: object[] = [];
  let answered: (answer: Answer) => void = () => undefined;
  const root = {
    tellRoot: (_: string, body: object) => void told.push(body),
    hear(kind: string, _schema: object, handler: typeof answered) {
      if (kind === "resolved") answered = handler;
    },
  };
  const log = { info: () => undefined, warn: () => undefined };
  type Means = Parameters<typeof openGateway>[0];
  const gateway = await openGateway({ provisioning, directory, log, root } as unknown as Means);
  return { gateway, told, answered: (answer: Answer) => answered(answer) };
}

test("[K13] the tunnel is sent where it stood last, where that was a gateway's of this name", async () => {
  await writeKept(directory, name, "192.0.2.7");
  expect((await seek()).gateway.first).toMatchObject({ address: "192.0.2.7" });
  await writeKept(directory, "another.example.com", "192.0.2.7");
  expect((await seek()).gateway.first).toBeNull();
});

test("[K13] whatever lies there: it is where a gateway can be, or nothing", async () => {
  const impossible = ["127.0.0.1", "fe80::1", "224.0.0.1"].map((address) => JSON.stringify({ name, address }));
  const damaged = ["", "null", "{", `{"name":"${name}","address":7}`, `{"name":"${name}","address":"gw"}`];
  for (const text of [...impossible, ...damaged]) {
    await writeFile(join(directory, "gateway.json"), text);
    expect((await seek()).gateway.first, text).toBeNull();
  }
});

test("[K13] a disk that takes nothing costs what it is for, and no more", async () => {
  await mkdir(join(directory, "gateway.json.new"));
  await writeKept(directory, name, "192.0.2.7");
  expect(await readKept(directory, name)).toBeNull();
  await rm(join(directory, "gateway.json.new"), { recursive: true });
  await writeKept(directory, name, "192.0.2.7");
  expect(await readKept(directory, name)).toBe("192.0.2.7");
});

test("[K13] what is answered and no gateway can be is left out; where it is all that there is, it is said", async () => {
  const addresses = ["127.0.0.1", "192.0.2.7"].map((address) => ({ address, ttlSeconds: 60 }));
  expect(withoutImpossible({ addresses, failure: null }, provisioning)).toEqual({
    addresses: addresses.slice(1),
    failure: null,
  });
  const { answered, told, gateway } = await seek();
  answered({ addresses: addresses.slice(0, 1), failure: null });
  expect(told.at(-1)).toMatchObject({
    address: null,
    failure: "the answer, 127.0.0.1, is no address that a gateway can have",
  });
  expect(gateway.first).toBeNull();
  await expect(readFile(join(directory, "gateway.json"))).rejects.toThrow("ENOENT");
});
