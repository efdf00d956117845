import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import type { Root } from "@tufjs/models";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeKeyFile } from "../keys/key-file.ts";
import { developmentRing } from "../keys/key-ring.ts";
import { memorySigner } from "../keys/signer.ts";
import { statusOf } from "../keys/status.ts";
import { addSignature, checkRepository, mergeRequests, publishRequest } from "./ceremony.ts";
import { formatSummary } from "./format-summary.ts";
import { tufKey } from "./metadata.ts";
import { prepareFirstRoot, prepareNextRoot, prepareTargets } from "./prepare.ts";
import { readRepository } from "./repository.ts";
import { readRequest, type SigningRequest, standingOf, writeRequest } from "./request.ts";
import { summarise } from "./summary.ts";

const nowMs = Date.parse("2026-11-23T00:00:00Z");
const pairs = (count: number): KeyPair[] => Array.from({ length: count }, generateSigningKey);
const halves = (keys: readonly KeyPair[]): string[] => keys.map(({ publicKey }) => publicKey);
const online = { snapshotKey: generateSigningKey().publicKey, timestampKey: generateSigningKey().publicKey };
const weak = Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url");

let directory = "";
let repository = "";
let roots: KeyPair[] = [];
let targets: KeyPair[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-ceremony-"));
  repository = join(directory, "repository");
  [roots, targets] = [pairs(3), pairs(3)];
  const content = {
    rootKeys: halves(roots),
    targetsKeys: halves(targets),
    targetsThreshold: 2,
    online,
    development: false,
  };
  await publish(await prepareFirstRoot(repository, content, nowMs), roots.slice(0, 2));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const signAll = (request: SigningRequest, keys: readonly KeyPair[]): Promise<SigningRequest> =>
  keys.reduce(async (before, key) => addSignature(await before, memorySigner(key)), Promise.resolve(request));
const publish = async (request: SigningRequest, keys: readonly KeyPair[]) =>
  publishRequest(await signAll(request, keys), repository);

let builds = 0;
async function build(releaseCounter: number, components: Release["system"]["components"] = {}): Promise<string> {
  const dir = join(directory, `build-${builds++}`);
  const release: Release = {
    format: 1,
    name: "example",
    version: "1.0.0",
    releaseCounter,
    securityEpoch: 0,
    board: "virtual",
    builtAtMs: nowMs,
    system: plainSystem({ system: "example", components }),
    artifacts: [],
  };
  await mkdir(dir);
  await writeFile(join(dir, "release.json"), canonicalJson(release));
  return dir;
}
/** The request as it comes out of a file in which `change` was made on the way. */
async function carried(request: SigningRequest, change: (json: Carried) => void = () => undefined) {
  const file = join(directory, "request.json");
  await writeRequest(file, request);
  const json = JSON.parse(await readFile(file, "utf8"));
  change(json);
  await writeFile(file, JSON.stringify(json));
  return readRequest(file);
}
type Carried = {
  metadata: { signatures: { keyid: string; sig: string }[]; signed: Record<string, never> };
  before: unknown;
  releases: string[];
};

describe("[M11] signing in several places", () => {
  test("two of three targets keys in two places make a release one that devices accept, and one is not enough", async () => {
    const request = await prepareTargets(repository, { releaseDir: await build(1) }, nowMs);
    const first = await addSignature(await carried(request), memorySigner(targets[0] as KeyPair));
    expect(standingOf(first)).toMatchObject({ complete: false, authorities: [{ missing: 1, threshold: 2 }] });
    await expect(publishRequest(first, repository)).rejects.toMatchObject({
      code: "SIGNING_REQUEST_INVALID",
      message: expect.stringContaining("1 of the targets keys of root 1"),
    });
    const second = await addSignature(await carried(request), memorySigner(targets[2] as KeyPair));
    await publishRequest(mergeRequests(await carried(first), await carried(second)), repository);
    const { targets: published } = await readRepository(repository);
    expect(Object.keys(published?.signed.targets ?? {})).toEqual(["example-1.json"]);
  });

  test("a wrong key, and a key that has signed, are refused", async () => {
    const request = await prepareTargets(repository, {}, nowMs);
    for (const stranger of [generateSigningKey(), roots[0] as KeyPair]) {
      await expect(addSignature(request, memorySigner(stranger))).rejects.toMatchObject({ code: "KEYS_INVALID" });
    }
    const once = await addSignature(request, memorySigner(targets[0] as KeyPair));
    await expect(addSignature(once, memorySigner(targets[0] as KeyPair))).rejects.toMatchObject({
      message: expect.stringContaining("already"),
    });
  });

  test.each<[string, (json: Carried) => void]>([
    [
      "its content was edited after it was signed",
      (json) => Object.assign(json.metadata.signed, { expires: "2099-01-01T00:00:00Z" }),
    ],
    ["a signature is there twice", ({ metadata }) => metadata.signatures.push(...metadata.signatures)],
    [
      "a signature stands under another key's id",
      ({ metadata }) =>
        Object.assign(metadata.signatures[0] ?? {}, { keyid: tufKey(targets[1]?.publicKey ?? "").keyID }),
    ],
    [
      "a signature is of a stranger",
      ({ metadata }) => metadata.signatures.push({ keyid: "0".repeat(64), sig: "0".repeat(128) }),
    ],
    ["its version is not the next one", (json) => Object.assign(json.metadata.signed, { version: 7 })],
    ["it has a member that is not known", (json) => Object.assign(json, { more: 1 })],
  ])("a request is refused where %s", async (_what, change) => {
    const request = await prepareTargets(repository, { releaseDir: await build(1) }, nowMs);
    const signed = await signAll(request, targets.slice(0, 1));
    await expect(carried(signed)).resolves.toBeDefined();
    await expect(carried(signed, change)).rejects.toMatchObject({ code: "SIGNING_REQUEST_INVALID" });
  });

  test("copies of different requests do not merge, and one that others went past is not published", async () => {
    const request = await prepareTargets(repository, { releaseDir: await build(1) }, nowMs);
    const other = await prepareTargets(repository, { releaseDir: await build(2) }, nowMs);
    expect(() => mergeRequests(request, other)).toThrow(expect.objectContaining({ code: "SIGNING_REQUEST_INVALID" }));
    await publish(request, targets.slice(0, 2));
    await expect(publish(other, targets.slice(0, 2))).rejects.toMatchObject({ code: "SIGNING_REQUEST_INVALID" });
    await expect(checkRepository(other, await readRepository(repository))).rejects.toMatchObject({
      message: expect.stringContaining("is not what the request was prepared on"),
    });
  });
});

describe("[M11] what a key holder sees", () => {
  test("release, digest, counter, expiry and what changes against the release before", async () => {
    await publish(await prepareTargets(repository, { releaseDir: await build(1) }, nowMs), targets.slice(0, 2));
    const releaseDir = await build(2, { fan: plainComponent({ network: ["mqtt"] }) });
    const request = await carried(await prepareTargets(repository, { releaseDir }, nowMs));
    const summary = summarise(request);
    const digest = sha256(await readFile(join(releaseDir, "release.json")));
    expect(summary.releases).toMatchObject({ added: [{ target: "example-2.json", digest }], removed: [], kept: 1 });
    expect(summary.permissions?.against).toBe("example-1.json");
    const text = formatSummary(summary);
    for (const words of [
      digest,
      "counter 2",
      "against example-1.json",
      "fan (new)",
      "+ network mqtt",
      summary.digest,
      summary.expires,
      "0 of 2 by the targets keys of root 1",
    ]) {
      expect(text).toContain(words);
    }
  });

  test("a rollback statement, and what it takes from the list; nothing of a known release is changed unseen", async () => {
    for (const counter of [1, 2]) {
      await publish(await prepareTargets(repository, { releaseDir: await build(counter) }, nowMs), targets.slice(0, 2));
    }
    const back = await prepareTargets(repository, { rollbackTo: "example-1.json" }, nowMs);
    const summary = summarise(await carried(back));
    expect(summary.releases).toMatchObject({ added: [], removed: ["example-2.json"], kept: 1 });
    expect(summary.rollbacks).toEqual([{ target: "example-1.json", from: 2, change: "added" }]);
    const text = formatSummary(summary);
    expect(text).toContain("+ example-1.json: devices that have committed a counter up to 2 may go back to it");
    expect(text).not.toContain("nothing but the expiry");

    const refresh = await prepareTargets(repository, {}, nowMs);
    const altered = await carried(refresh, ({ metadata }) => {
      const files = metadata.signed["targets"] as unknown as Record<string, { custom: object }>;
      Object.assign(files["example-2.json"]?.custom ?? {}, { opensTo: "b".repeat(64) });
    });
    expect(() => summarise(altered)).toThrow(expect.objectContaining({ code: "SIGNING_REQUEST_INVALID" }));

    await publish(back, targets.slice(0, 2));
    const kept = summarise(await prepareTargets(repository, {}, nowMs));
    expect(kept.rollbacks).toMatchObject([{ change: "kept" }]);
    expect(formatSummary(kept)).toContain("nothing but the expiry");
    const recipients = [generateX25519Key().publicKey];
    const again = summarise(await prepareTargets(repository, { releaseDir: await build(1), recipients }, nowMs));
    expect(again).toMatchObject({ rollbacks: [{ change: "kept" }], releases: { added: [{ readers: recipients }] } });
    const on = summarise(await prepareTargets(repository, { releaseDir: await build(3) }, nowMs));
    expect(on.rollbacks).toEqual([{ target: "example-1.json", from: 2, change: "removed" }]);
  });

  test("[S3] which releases before it could not be read, so that what came back with it is not taken for known", async () => {
    const house = generateX25519Key();
    const key = await writeKeyFile({
      ...{ file: join(directory, "house.json"), role: "deployment", publicKey: house.publicKey },
      kept: { as: "development", privateKey: house.privateKey },
    });
    const fan = { fan: plainComponent({ network: ["mqtt"] }) };
    const next = async (counter: number, components = {}, more: object = {}) =>
      prepareTargets(repository, { releaseDir: await build(counter, components), ...more }, nowMs);
    const sealed = { recipients: [house.publicKey] };
    await publish(await next(1, fan), targets.slice(0, 2));
    await publish(await next(2, {}, sealed), targets.slice(0, 2));

    const blind = summarise(await carried(await next(3, fan, sealed)));
    expect(blind.permissions).toMatchObject({ against: "example-1.json", unread: ["example-2.json"] });
    expect(formatSummary(blind)).toContain(
      "against example-1.json; not against example-2.json, which could not be read",
    );
    const seeing = summarise(await carried(await next(3, fan, { ...sealed, ring: await developmentRing(key.file) })));
    expect(seeing.permissions).toMatchObject({ against: "example-2.json", unread: [] });
    expect(formatSummary(seeing)).toContain("fan (new)");

    await rm(join(repository, "targets"), { recursive: true });
    const all = summarise(await carried(await next(3, fan)));
    expect(all.permissions).toMatchObject({ against: undefined, unread: ["example-1.json", "example-2.json"] });
    expect(formatSummary(all)).toContain("all of them, for example-1.json, example-2.json could not be read");
  });

  test("a request that hides a release is refused: left out, or in a list before that nobody signed", async () => {
    const request = await prepareTargets(repository, { releaseDir: await build(1) }, nowMs);
    const hidden = await carried(request, (json) => Object.assign(json, { releases: [] }));
    expect(() => summarise(hidden)).toThrow(expect.objectContaining({ code: "SIGNING_REQUEST_INVALID" }));
    const forged = { ...request.metadata.toJSON(), signatures: [] };
    const known = await carried(request, (json) => {
      Object.assign(json.metadata.signed, { version: 2 });
      Object.assign(json, { before: forged });
    });
    expect(summarise(known).releases).toMatchObject({
      added: [{ target: "example-1.json" }],
      kept: 0,
      comparable: false,
    });
    expect(formatSummary(summarise(known))).toContain("all of it is trusted anew");
  });

  test("[S3] a release that is said to open to what is no digest is refused, and not shown as readable", async () => {
    const request = await prepareTargets(repository, { releaseDir: await build(1) }, nowMs);
    const odd = await carried(request, ({ metadata }) => {
      const files: Record<string, { custom: object }> = metadata.signed["targets"] ?? {};
      Object.assign(files["example-1.json"]?.custom ?? {}, { opensTo: 5 });
    });
    expect(() => summarise(odd)).toThrow(expect.objectContaining({ code: "RELEASE_METADATA_INVALID" }));
  });

  test("nothing in a request steers the terminal", async () => {
    const releaseDir = await build(1);
    const release = JSON.parse(await readFile(join(releaseDir, "release.json"), "utf8"));
    await writeFile(join(releaseDir, "release.json"), canonicalJson({ ...release, version: "\u001b[2J" }));
    const request = await prepareTargets(repository, { releaseDir }, nowMs);
    expect(formatSummary(summarise(request))).not.toContain("\u001b");
  });
});

describe("[M11] the next root", () => {
  test("exchanged root keys take the old threshold and the new one", async () => {
    const fresh = pairs(2);
    const change = { addRoot: halves(fresh), removeRoot: halves(roots.slice(0, 2)) };
    const request = await prepareNextRoot(repository, change, nowMs);
    for (const few of [roots.slice(0, 2), fresh, [roots[0], fresh[0]], [roots[2], fresh[0]]]) {
      expect(standingOf(await signAll(request, few as KeyPair[])).complete).toBe(false);
    }
    // The key that stays counts for both.
    await publish(request, [roots[2], roots[0], fresh[1]] as KeyPair[]);
    const { root } = await readRepository(repository);
    expect([root?.signed.version, root?.signed.roles["root"]?.keyIDs.length]).toEqual([2, 3]);
  });

  test.each<[string, () => Parameters<typeof prepareNextRoot>[1], string]>([
    ["a key of small order", () => ({ addTargets: [weak] }), "KEY_WEAK"],
    ["a key that stands there already", () => ({ addRoot: halves(roots.slice(0, 1)) }), "KEYS_INVALID"],
    ["one key in two roles", () => ({ addTargets: halves(roots.slice(0, 1)) }), "KEYS_INVALID"],
    ["the service's key as a targets key", () => ({ addTargets: [online.snapshotKey] }), "KEYS_INVALID"],
    ["a threshold above the number of keys", () => ({ targetsThreshold: 4 }), "KEYS_INVALID"],
    ["fewer keys than must sign", () => ({ removeRoot: halves(roots.slice(0, 2)) }), "KEYS_INVALID"],
    ["the leaving of a key that is not there", () => ({ removeRoot: [online.snapshotKey] }), "KEYS_INVALID"],
  ])("refuses %s", async (_what, change, code) => {
    await expect(prepareNextRoot(repository, change(), nowMs)).rejects.toMatchObject({ code });
  });

  test("a repository whose chain of roots is broken is not signed in", async () => {
    await publish(await prepareNextRoot(repository, {}, nowMs), roots.slice(0, 2));
    const file = join(repository, "2.root.json");
    const root = JSON.parse(await readFile(file, "utf8")) as { signatures: unknown[] };
    await writeFile(file, JSON.stringify({ ...root, signatures: root.signatures.slice(1) }));
    await expect(prepareTargets(repository, {}, nowMs)).rejects.toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
  });
});

describe("[M11] delegations", () => {
  const delegate = (keys: readonly string[], threshold = 1) =>
    prepareTargets(repository, { delegation: { to: { deployment: "field" }, keys, threshold } }, nowMs);

  test("name whose keys sign the overlays of a deployment, terminating, by one literal prefix; and are replaced", async () => {
    const [first, second] = halves(pairs(2)) as [string, string];
    await publish(await delegate([first]), targets.slice(0, 2));
    const request = await delegate([second]);
    expect(summarise(request).delegations).toEqual({
      gained: [`overlays-field: 1 of ${second}`],
      lost: [`overlays-field: 1 of ${first}`],
    });
    await publish(request, targets.slice(0, 2));
    const json = (await readRepository(repository)).targets?.signed.delegations?.toJSON() as never;
    expect(json).toMatchObject({ roles: [{ name: "overlays-field", terminating: true, paths: ["overlays/field/*"] }] });
    expect(Object.keys((json as { keys: object }).keys)).toEqual([tufKey(second).keyID]);
    await publish(await delegate([]), targets.slice(0, 2));
    expect((await readRepository(repository)).targets?.signed.delegations).toBeUndefined();
  });

  test("stay over a release and a refresh, and are refused for a weak key, one named twice, and a threshold too high", async () => {
    const to = "operators" as const;
    const [key] = halves(pairs(1)) as [string];
    await publish(
      await prepareTargets(repository, { delegation: { to, keys: [key], threshold: 1 } }, nowMs),
      targets.slice(0, 2),
    );
    await publish(await prepareTargets(repository, { releaseDir: await build(1) }, nowMs), targets.slice(0, 2));
    const status = statusOf(await readRepository(repository), [], 30, nowMs);
    expect(status.roles.at(-1)).toEqual({ role: "operators", threshold: 1, keys: [{ publicKey: key, file: null }] });
    await expect(delegate([weak])).rejects.toMatchObject({ code: "KEY_WEAK" });
    await expect(delegate([key, key])).rejects.toMatchObject({ code: "KEYS_INVALID" });
    await expect(delegate([key], 2)).rejects.toMatchObject({ code: "KEYS_INVALID" });
  });
});

describe("[M11] expiry", () => {
  const day = 24 * 3600 * 1000;

  test("a refresh keeps the targets and moves version and expiry; the status says when one is due", async () => {
    await publish(await prepareTargets(repository, { releaseDir: await build(1) }, nowMs), targets.slice(0, 2));
    const at = async (days: number) => statusOf(await readRepository(repository), [], 30, nowMs + days * day).problems;
    expect(await at(149)).toEqual([]);
    expect(await at(151)).toEqual(["targets 1 expires in 29 days: bulkhead sign --refresh"]);
    expect(await at(400)).toEqual([
      expect.stringContaining("root 1 has expired"),
      expect.stringContaining("targets 1 has expired"),
    ]);
    const before = (await readRepository(repository)).targets?.signed.targets;
    await publish(await prepareTargets(repository, {}, nowMs + 151 * day), targets.slice(0, 2));
    const after = (await readRepository(repository)).targets?.signed;
    expect([after?.version, JSON.stringify(after?.targets)]).toEqual([2, JSON.stringify(before)]);
    expect(await at(151)).toEqual([]);
  });

  test("targets that keys of an exchanged set have not signed yet are told", async () => {
    await publish(await prepareTargets(repository, {}, nowMs), targets.slice(0, 2));
    const fresh = pairs(3);
    const change = { addTargets: halves(fresh), removeTargets: halves(targets) };
    await publish(await prepareNextRoot(repository, change, nowMs), roots.slice(0, 2));
    const problems = async () => statusOf(await readRepository(repository), [], 30, nowMs).problems;
    expect(await problems()).toEqual([
      expect.stringContaining("lacks 2 of 2 signatures by the targets keys of root 2"),
    ]);
    await publish(await prepareTargets(repository, {}, nowMs), fresh.slice(1));
    expect(await problems()).toEqual([]);
  });

  test("a root of development keys says so, also in the next version", async () => {
    const other = join(directory, "other");
    const content = {
      rootKeys: halves(roots),
      targetsKeys: halves(targets),
      targetsThreshold: 1,
      online,
      development: true,
    };
    const signed = await signAll(await prepareFirstRoot(other, content, nowMs), roots);
    await publishRequest(signed, other);
    expect(statusOf(await readRepository(other), [], 30, nowMs).development).toBe(true);
    const next = (await prepareNextRoot(other, {}, nowMs)).metadata.signed as Root;
    expect(next.toJSON()).toMatchObject({ "x-bulkhead-development": true });
  });
});
