/** Who is to read a release, as the command line is told, and what opens one that is for others. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, generateSigningKey, generateX25519Key, type Release } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initKeys } from "../keys/index.ts";
import { createKeyFile } from "../keys/key-file.ts";
import { developmentRing } from "../keys/key-ring.ts";
import { openerOf } from "../seal/options.ts";
import { initRepository, signRelease } from "./at-once.ts";
import { checkRefresh } from "./readers.ts";
import { readRepository } from "./repository.ts";
import { openSignedRelease } from "./signed-release.ts";

let directory = "";
const at = (name: string) => join(directory, name);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-readers-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("[S3] who reads a release", () => {
  test("is not changed by a refresh", () => {
    expect(checkRefresh({})).toBeUndefined();
    for (const told of [{ recipient: "house.json" }, { readable: true }]) {
      expect(() => checkRefresh(told)).toThrow(expect.objectContaining({ code: "USAGE" }));
    }
  });

  test("has the key of a deployment, and not an operator's", async () => {
    const open = (file: string) => openerOf({ "deployment-key": file, development: true });
    const operator = await createKeyFile(at("alice.json"), "operator", "development");
    await expect(open(operator.file)).rejects.toMatchObject({ code: "KEYS_INVALID" });
    const house = await createKeyFile(at("house.json"), "deployment", "development");
    await expect(open(house.file)).resolves.toBeDefined();
  });

  test("is named where nobody here does", async () => {
    await initKeys(at("keys"), "development");
    const keys = await developmentRing(at("keys"));
    const [snapshotKey, timestampKey] = [generateSigningKey().publicKey, generateSigningKey().publicKey];
    await initRepository(keys, at("repository"), { snapshotKey, timestampKey });
    const release: Release = {
      ...{ format: 1, name: "example", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" },
      ...{ builtAtMs: 0, system: plainSystem({ system: "example" }), artifacts: [] },
    };
    await mkdir(at("out"));
    await writeFile(at("out/release.json"), canonicalJson(release));
    const recipients = [generateX25519Key().publicKey, generateX25519Key().publicKey];
    await signRelease({ keys, repoDir: at("repository"), releaseDir: at("out"), recipients });
    const { targets } = await readRepository(at("repository"));
    const [file] = Object.values(targets?.signed.targets ?? {});
    const message = `example-1.json is encrypted for ${recipients.join(", ")}, and no key that is here opens it`;
    const opened = openSignedRelease(at("repository"), file ?? expect.unreachable(), () => undefined);
    await expect(opened).rejects.toMatchObject({ code: "SEALED_FOR_OTHERS", message });
  });
});
