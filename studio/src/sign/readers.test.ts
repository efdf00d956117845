/** Who is to read a release, as the command line is told, and what opens one that is for others. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  canonicalJson,
  generateSigningKey,
  generateX25519Key,
  type KeyPair,
  type Release,
  sha256,
} from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { TargetFile } from "@tufjs/models";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { typed } from "../cli/testing/typed.ts";
import { initKeys } from "../keys/index.ts";
import { createKeyFile } from "../keys/key-file.ts";
import { developmentRing, type KeyRing } from "../keys/key-ring.ts";
import { memorySigner } from "../keys/signer.ts";
import { openerOf } from "../seal/options.ts";
import { initRepository, signRelease, signTargets } from "./at-once.ts";
import { addSignature, publishRequest } from "./ceremony.ts";
import { prepareFirstRoot, prepareTargets } from "./prepare.ts";
import { checkRefresh, readersOf } from "./readers.ts";
import { readRepository } from "./repository.ts";
import type { SigningRequest } from "./request.ts";
import { openSignedRelease } from "./signed-release.ts";

let directory = "";
const at = (name: string) => join(directory, name);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-readers-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What `bulkhead build` leaves, in `out`. */
async function built(releaseCounter: number, name = "example"): Promise<void> {
  const release: Release = {
    ...{ format: 1, name, version: "1.0.0", releaseCounter, securityEpoch: 0, board: "virtual" },
    ...{ builtAtMs: 0, system: plainSystem({ system: name }), artifacts: [] },
  };
  await mkdir(at("out"), { recursive: true });
  await writeFile(at("out/release.json"), canonicalJson(release));
}

/** A repository under a root of development keys, where what nobody has said is readable. */
async function developmentProject(): Promise<KeyRing> {
  await initKeys(at("keys"), "development");
  const keys = await developmentRing(at("keys"));
  const [snapshotKey, timestampKey] = [generateSigningKey().publicKey, generateSigningKey().publicKey];
  await initRepository(keys, at("repository"), { snapshotKey, timestampKey });
  return keys;
}

async function signed(keys: KeyRing, counter: number, recipients?: readonly string[]): Promise<void> {
  await built(counter);
  await signRelease({ keys, repoDir: at("repository"), releaseDir: at("out"), recipients });
}

const guessed = () => readersOf({ repository: at("repository") }, "example");
/** Of order 1. */
const weak = Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url");
async function envelopeFile(): Promise<string> {
  const [name = expect.unreachable()] = await readdir(at("repository/targets"));
  return join(at("repository/targets"), name);
}
const newKey = () => generateX25519Key().publicKey;

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

  test("is said when the first is signed, and stands until it is said otherwise; nothing becomes readable by itself", async () => {
    const [roots, targets] = [Array.from({ length: 3 }, generateSigningKey), generateSigningKey()];
    const [snapshotKey, timestampKey] = [generateSigningKey().publicKey, generateSigningKey().publicKey];
    const publish = async (request: SigningRequest, keys: readonly KeyPair[]) => {
      let signed = request;
      for (const key of keys) signed = await addSignature(signed, memorySigner(key));
      await publishRequest(signed, at("repository"));
    };
    const content = {
      rootKeys: roots.map(({ publicKey }) => publicKey),
      ...{ targetsKeys: [targets.publicKey], targetsThreshold: 1, online: { snapshotKey, timestampKey } },
      development: false,
    };
    await publish(await prepareFirstRoot(at("repository"), content), roots.slice(0, 2));
    const sign = async (counter: number, recipients?: readonly string[], name = "example") => {
      await built(counter, name);
      await publish(await prepareTargets(at("repository"), { releaseDir: at("out"), recipients }), [targets]);
    };
    const readers = (more: object = {}, name = "example") => readersOf({ repository: at("repository"), ...more }, name);
    const [house, field] = [generateX25519Key().publicKey, generateX25519Key().publicKey];
    const missing = expect.objectContaining({ code: "RECIPIENT_MISSING" });

    await expect(readers()).rejects.toEqual(missing);
    await sign(9, [field], "example-2");
    await expect(readers()).rejects.toEqual(missing);
    await sign(1, [house, field]);
    expect(await readers()).toEqual({ recipients: [house, field], as: "example-1.json" });
    await sign(10, [house]);
    expect(await readers()).toEqual({ recipients: [house], as: "example-10.json" });
    expect(await readers({ readable: true })).toEqual({ recipients: undefined });
    expect(await readers({ recipient: field })).toEqual({ recipients: [field] });
    // One that was made readable makes no other so.
    await sign(11);
    await expect(readers()).rejects.toEqual(missing);
    await sign(12, [field]);
    await rm(at("repository/targets"), { recursive: true });
    await expect(readers()).rejects.toMatchObject({
      code: "RECIPIENT_MISSING",
      message: expect.stringContaining("-12"),
    });
  });

  test("is named where nobody here does", async () => {
    const keys = await developmentProject();
    await built(1);
    const recipients = [generateX25519Key().publicKey, generateX25519Key().publicKey];
    await signRelease({ keys, repoDir: at("repository"), releaseDir: at("out"), recipients });
    const { targets } = await readRepository(at("repository"));
    const [file] = Object.values(targets?.signed.targets ?? {});
    const message = `example-1.json is encrypted for ${recipients.join(", ")}, and no key that is here opens it`;
    const opened = openSignedRelease(at("repository"), file ?? expect.unreachable(), () => undefined);
    await expect(opened).rejects.toMatchObject({ code: "SEALED_FOR_OTHERS", message });
  });
});

describe("[S3] after a rollback statement who reads the next release", () => {
  test("is not guessed: a key that was dropped does not come back with the release that is gone back to", async () => {
    const keys = await developmentProject();
    const [house, stolen] = [newKey(), newKey()];
    await signed(keys, 1, [house, stolen]);
    await signed(keys, 2, [house]);
    await signTargets(keys, at("repository"), { rollbackTo: "example-1.json" });
    await expect(guessed()).rejects.toMatchObject({
      code: "RECIPIENT_MISSING",
      message: expect.stringContaining("example-1.json"),
      remedy: expect.stringContaining(`${house}, ${stolen}`),
    });
    // Said, it stands for those after it.
    await signed(keys, 3, [house]);
    expect(await guessed()).toEqual({ recipients: [house], as: "example-3.json" });
  });

  test("is not everybody, where that release was readable and those that were withdrawn were not", async () => {
    const keys = await developmentProject();
    await signed(keys, 1);
    await signed(keys, 2, [newKey()]);
    await signTargets(keys, at("repository"), { rollbackTo: "example-1.json" });
    await expect(guessed()).rejects.toMatchObject({
      code: "RECIPIENT_MISSING",
      remedy: expect.stringContaining("example-1.json is readable"),
    });
  });
});

describe("[S3] readers are not taken over", () => {
  test("from a release whose file is not here: nothing gets readable by that, whatever the keys", async () => {
    const keys = await developmentProject();
    await signed(keys, 1, [newKey()]);
    await rm(at("repository/targets"), { recursive: true });
    const message = expect.stringContaining("example-1.json");
    await expect(guessed()).rejects.toMatchObject({ code: "RECIPIENT_MISSING", message });
    await signed(keys, 2);
    await signTargets(keys, at("repository"), { rollbackTo: "example-1.json" });
    await expect(guessed()).rejects.toMatchObject({ code: "RECIPIENT_MISSING", message });
  });

  test("from an envelope that was altered in the repository", async () => {
    const keys = await developmentProject();
    const [house, thief] = [newKey(), newKey()];
    await signed(keys, 1, [house]);
    const file = await envelopeFile();
    await writeFile(file, (await readFile(file, "utf8")).replace(house, thief));
    await expect(guessed()).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
  });

  test("where one of them is a key to which anybody has the other half", async () => {
    const keys = await developmentProject();
    const house = newKey();
    await signed(keys, 1, [house]);
    // As if a program without this check had made and signed it.
    const text = (await readFile(await envelopeFile(), "utf8")).replace(house, weak);
    const { targets } = await readRepository(at("repository"));
    const [entry] = Object.values(targets?.signed.targets ?? {});
    const found = targets ?? expect.unreachable();
    const hashes = { sha256: sha256(text) };
    const altered = new TargetFile({ ...(entry ?? expect.unreachable()), length: Buffer.byteLength(text), hashes });
    found.signed.targets[altered.path] = altered;
    await writeFile(join(at("repository/targets"), `${hashes.sha256}.${altered.path}`), text);
    await writeFile(at(`repository/${found.signed.version}.targets.json`), JSON.stringify(found.toJSON()));
    await expect(guessed()).rejects.toMatchObject({ code: "KEY_WEAK", message: expect.stringContaining(altered.path) });
  });

  test("nor is one of both taken where --recipient and --readable are said", async () => {
    await developmentProject();
    const both = { repository: at("repository"), recipient: newKey(), readable: true };
    await expect(readersOf(both, "example")).rejects.toMatchObject({ code: "USAGE" });
  });
});

test("[S3] `sign --json` says of which release it took the readers", async () => {
  const keys = await developmentProject();
  const house = newKey();
  await signed(keys, 1, [house]);
  const line = ["sign", at("out"), "--keys", at("keys"), "--development", "--repository", at("repository"), "--json"];
  const sign = async (counter: number, ...more: string[]) => {
    await built(counter);
    return JSON.parse((await typed(...line, ...more)).out);
  };
  expect(await sign(2)).toMatchObject({ target: "example-2.json", recipients: [house], as: "example-1.json" });
  expect(await sign(3, "--prepare", at("request"))).toMatchObject({ recipients: [house], as: "example-2.json" });
  expect(await sign(3, "--readable")).toMatchObject({ recipients: null, as: null });
});

test("[M11] `sign` says for whom the release is, a request shows it, and a refresh leaves it", async () => {
  await developmentProject();
  const place = ["--keys", at("keys"), "--development", "--repository", at("repository")];
  const sign = async (counter: number, ...more: string[]) => {
    await built(counter);
    return (await typed("sign", at("out"), ...place, "--readable", ...more)).out;
  };
  expect(await sign(1)).toContain("for any device of its board");
  expect(await sign(2, "--only-deployment", "field")).toContain("only for deployment field");
  expect(JSON.parse(await sign(3, "--json"))).toMatchObject({ onlyFor: { deployments: ["field"] } });
  const prepared = await sign(3, "--only-device", "d-0123456789abcdef", "--prepare", at("request"));
  expect(prepared).toContain("only for device d-0123456789abcdef");
  await typed("sign", "--refresh", ...place);
  expect(JSON.parse(await sign(4, "--json"))).toMatchObject({ onlyFor: { deployments: ["field"] } });
  expect(JSON.parse(await sign(4, "--json", "--anywhere"))).toMatchObject({ onlyFor: null });
  const { code, err } = await typed("sign", "--refresh", ...place, "--anywhere");
  expect([code, err]).toEqual([2, expect.stringContaining("which devices take a release")]);
});
