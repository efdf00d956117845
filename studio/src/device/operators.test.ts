import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "@bulkhead/kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyFile, type KeyFile } from "../keys/key-file.ts";
import { openOperators } from "./operators.ts";

const id = "d-0123456789abcdef";
const deviceOf = (unsignedCommands: boolean | null) => ({ id, name: "pump-1", unsignedCommands }) as Device;
const production = deviceOf(false);

let directory = "";
let operator: KeyFile;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-operators-"));
  operator = await createKeyFile(join(directory, "operator.json"), "operator", "development");
  await createKeyFile(join(directory, "targets.json"), "targets", "development");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const keys = (name: string, development = true) => ({ keys: join(directory, name), development });

describe("[M15] what signs a command", () => {
  test("is nobody where the device does not ask for it and no key is named", async () => {
    for (const waives of [true, null]) expect(await openOperators({ device: "pump-1" }, deviceOf(waives))).toEqual([]);
  });

  test("is the operators' keys that are named, also where the device would do without", async () => {
    for (const asked of [production, deviceOf(true)]) {
      const signers = await openOperators({ device: id, ...keys("operator.json") }, asked);
      expect(signers.map(({ publicKey }) => publicKey)).toEqual([operator.publicKey]);
    }
  });

  test.each<[string, () => Parameters<typeof openOperators>[0], string]>([
    ["no key is named and the device asks for one", () => ({ device: id }), "COMMAND_UNSIGNED"],
    ["the device is named by a word of the service's", () => ({ device: "pump-1", ...keys("operator.json") }), "USAGE"],
    ["the id is not whole", () => ({ device: id.slice(0, 10), ...keys("operator.json") }), "USAGE"],
    ["the key is another role's", () => ({ device: id, ...keys("targets.json") }), "KEYS_INVALID"],
    [
      "it is a development key, and nobody said so",
      () => ({ device: id, ...keys("operator.json", false) }),
      "KEYS_DEVELOPMENT",
    ],
    ["there is no such file", () => ({ device: id, ...keys("none.json") }), "KEYS_INVALID"],
  ])("is refused where %s", async (_, args, code) => {
    await expect(openOperators(args(), production)).rejects.toMatchObject({ code });
  });
});
