import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import {
  canonicalJson,
  generateSigningKey,
  maxOverlayBytes,
  type Overlay,
  overlayTargetName,
  partAddress,
  sha256,
} from "@bulkhead/protocol";
import { plainComponent } from "@bulkhead/protocol/testing";
import { Metadata, MetadataKind } from "@tufjs/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ReleaseSummary } from "../api/index.ts";
import { download, makeDeviceKeys } from "../fixtures/device.ts";
import { createProject, createRelease, signTargets } from "../fixtures/project.ts";
import { watchEvents } from "../fixtures/watch.ts";
import { createWorld, uploadReleases, type World } from "../fixtures/world.ts";

const patience = { timeout: 20_000, interval: 20 };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.remove());

const upload = (body: unknown) => world.kms.call("POST", "/releases", body);

async function device(name: string) {
  const { provisioning } = await world.enrol(name);
  const source = partAddress(provisioning.addressPrefix, 2);
  return (path: string, headers = {}) => download(world.deviceSocket, source, `/device/v1${path}`, headers);
}

describe("[M11] releases", () => {
  it("gives a device what the offline keys signed, under a snapshot and timestamp of the KMS", async () => {
    const { made, answer } = await uploadReleases(world, 2);
    expect(answer).toMatchObject({ status: 200, body: { targetsVersion: 2, rootVersion: 1 } });
    const fetch = await device("fetcher");
    const read = async (name: string) => (await fetch(`/metadata/${name}`)).body;
    const root = Metadata.fromJSON(MetadataKind.Root, JSON.parse((await read("1.root.json")).toString()));
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, JSON.parse((await read("timestamp.json")).toString()));
    root.verifyDelegate("timestamp", timestamp);
    const { snapshotMeta } = timestamp.signed;
    const snapshotBytes = await read(`${snapshotMeta.version}.snapshot.json`);
    snapshotMeta.verify(snapshotBytes);
    const snapshot = Metadata.fromJSON(MetadataKind.Snapshot, JSON.parse(snapshotBytes.toString()));
    root.verifyDelegate("snapshot", snapshot);
    const targetsMeta = snapshot.signed.meta["targets.json"];
    const targetsBytes = await read(`${targetsMeta?.version}.targets.json`);
    targetsMeta?.verify(targetsBytes);
    const targets = Metadata.fromJSON(MetadataKind.Targets, JSON.parse(targetsBytes.toString()));
    root.verifyDelegate("targets", targets);
    expect(Object.keys(targets.signed.targets)).toEqual(made.map(({ target }) => target));
    for (const { digest, target, content, artifact } of made) {
      expect((await fetch(`/targets/${digest}.${target}`)).body.toString()).toBe(content);
      expect((await fetch(`/blobs/${sha256(artifact)}`)).body).toEqual(artifact);
    }
  });

  it("lets a cut download go on where it stopped", async () => {
    const { artifact } = createRelease(1);
    const fetch = await device("resumer");
    const path = `/blobs/${sha256(artifact)}`;
    const rest = await fetch(path, { range: "bytes=100-" });
    expect(rest.status).toBe(206);
    expect(rest.headers["content-range"]).toBe(`bytes 100-${artifact.length - 1}/${artifact.length}`);
    expect(rest.body).toEqual(artifact.subarray(100));
    expect((await fetch(path, { range: "bytes=5-9" })).body).toEqual(artifact.subarray(5, 10));
    expect((await fetch(path, { range: `bytes=${artifact.length}-` })).status).toBe(416);
  });

  it("sends what a device fetches whole compressed, where it takes that, and a part of it as it is", async () => {
    const content = "a component says the same again and again\n".repeat(100);
    await world.kms.call("PUT", `/blobs/${sha256(content)}`, Buffer.from(content));
    const fetch = await device("saver");
    const path = `/blobs/${sha256(content)}`;
    const whole = await fetch(path, { "accept-encoding": "br" });
    expect(whole.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(whole.body).toString()).toBe(content);
    expect(whole.body.length).toBeLessThan(content.length / 2);
    expect((await fetch(path, { "accept-encoding": "gzip" })).body.toString()).toBe(content);
    const rest = await fetch(path, { "accept-encoding": "br", range: "bytes=100-" });
    expect([rest.status, rest.headers["content-encoding"]]).toEqual([206, undefined]);
    expect(rest.body.toString()).toBe(content.slice(100));
  });

  it("says of a blob of whole blocks which those are, so that a device fetches what it has not", async () => {
    const content = Buffer.concat([Buffer.alloc(4096, "kernel"), Buffer.alloc(4096, "root")]);
    for (const blob of [content, content.subarray(1)]) await world.kms.call("PUT", `/blobs/${sha256(blob)}`, blob);
    const fetch = await device("composer");
    const { status, body } = await fetch(`/blobs/${sha256(content)}/index`, { "accept-encoding": "br" });
    const digests = [content.subarray(0, 4096), content.subarray(4096)].map((block) => sha256(block).slice(0, 12));
    expect([status, body.toString("hex")]).toEqual([200, digests.join("")]);
    expect((await fetch(`/blobs/${sha256(content.subarray(1))}/index`)).status).toBe(404);
  });

  it.each([
    "/metadata/2.root.json",
    "/metadata/..%2f..%2finstance.json",
    "/metadata/../../session-token",
    "/blobs/../instance.json",
    `/blobs/${"0".repeat(64)}`,
    `/blobs/${"0".repeat(64)}/index`,
    "/targets/x",
    "",
  ])("answers 404 for %s and stays up", async (path) => {
    const fetch = await device(`prober ${sha256(path).slice(0, 8)}`);
    expect((await fetch(path)).status).toBe(404);
    expect((await fetch("/metadata/timestamp.json")).status).toBe(200);
  });

  it("refuses targets that the project's keys did not sign, and keeps what it had", async () => {
    const before = (await world.kms.call("GET", "/releases")).body;
    const stranger = createProject((await world.kms.call("GET", "/instance")).body as never);
    const { answer } = await uploadReleases(world, 3, stranger);
    expect(answer).toMatchObject({ status: 422, body: { code: "RELEASE_SIGNATURE_INVALID" } });
    expect((await world.kms.call("GET", "/releases")).body).toEqual(before);
    const other = await upload({ roots: { "1.root.json": stranger.root } });
    expect(other).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
  });

  it("refuses an upload whose blobs are not there, and names the missing one", async () => {
    const release = createRelease(77);
    const targets = signTargets(world.project, 77, new Map([[release.target, release.content]]));
    const answer = await upload({ targets });
    expect(answer).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    expect(answer.body["detail"]).toContain(release.digest);
  });

  it("refuses targets with a lower version, and takes the same ones twice", async () => {
    const { made } = await uploadReleases(world, 4);
    const files = new Map(made.map(({ target, content }) => [target, content]));
    expect(await upload({ targets: signTargets(world.project, 4, files) })).toMatchObject({
      status: 200,
      body: { releases: [] },
    });
    expect(await upload({ targets: signTargets(world.project, 3, files) })).toMatchObject({ status: 409 });
  });

  it("refuses a root that does not name this KMS's keys, and one that skips a version", async () => {
    const skipped = await upload({ roots: { "3.root.json": world.project.root } });
    expect(skipped).toMatchObject({ status: 422, body: { code: "RELEASE_METADATA_INVALID" } });
    expect(skipped.body["detail"]).toContain("2.root.json");
  });

  it("refuses bytes that do not have the digest they are sent under, and leaves nothing behind", async () => {
    const answer = await world.kms.call("PUT", `/blobs/${"a".repeat(64)}`, Buffer.from("something else"));
    expect(answer).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    expect(await readdir(join(world.config.stateDir, "blobs/incoming"))).toEqual([]);
    expect(await world.kms.call("GET", `/blobs/${"a".repeat(64)}`)).toMatchObject({ status: 404 });
  });

  it("takes an empty blob", async () => {
    const answer = await world.kms.call("PUT", `/blobs/${sha256("")}`, Buffer.alloc(0));
    expect(answer).toMatchObject({ status: 200, body: { lengthBytes: 0 } });
    const fetch = await device("empty");
    expect((await fetch(`/blobs/${sha256("")}`)).body.length).toBe(0);
  });

  it("keeps the papers beside a release, gives them out as they were signed, and takes no release for one", async () => {
    const { made } = await uploadReleases(world, 5);
    const release = made[0] ?? createRelease(5);
    const [bill, other] = ['{"bomFormat":"CycloneDX"}\n', "not JSON at all"];
    const name = release.target.replace(/\.json$/, "");
    const files = new Map([
      ...made.map(({ target, content }) => [target, content] as const),
      [`${name}.sbom.cdx.json`, bill] as const,
      [`${name}.provenance.dsse.json`, other] as const,
    ]);
    const targets = signTargets(world.project, 6, files);
    expect(await upload({ targets })).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    for (const text of [bill, other]) await world.kms.call("PUT", `/blobs/${sha256(text)}`, Buffer.from(text));
    expect(await upload({ targets })).toMatchObject({ status: 200, body: { releases: [], targetsVersion: 6 } });
    const path = `/releases/${release.digest}/papers`;
    const paper = await world.kms.call("GET", `${path}/sbom`);
    expect(paper.body).toEqual({ kind: "sbom", target: `${name}.sbom.cdx.json`, digest: sha256(bill), text: bill });
    expect((await world.kms.call("GET", `${path}/provenance`)).body["text"]).toBe(other);
    const { made: next } = await uploadReleases(world, 7);
    expect(await world.kms.call("GET", `/releases/${next.at(-1)?.digest}/papers/sbom`)).toMatchObject({ status: 404 });
  });

  it("does not send a device after a release that is not here, or to another target's name", async () => {
    const { provisioning } = await world.enrol("deployer");
    const path = `/devices/${provisioning.deviceId}/commands`;
    const deploy = (target: string, releaseDigest: string) =>
      world.kms.call("POST", path, { command: { kind: "deploy", target, releaseDigest } });
    expect(await deploy("greenhouse-1.json", "0".repeat(64))).toMatchObject({ status: 404 });
    const { digest } = createRelease(1);
    expect(await deploy("greenhouse-2.json", digest)).toMatchObject({ status: 400, body: { code: "COMMAND_INVALID" } });
    expect(await deploy("greenhouse-1.json", digest)).toMatchObject({ status: 200 });
  });
});

describe("[M11] a rollback statement", () => {
  it("is listed with its release, and what it withdrew is listed as unsigned; who looks on is told of both", async () => {
    const [one, two] = [createRelease(1), createRelease(2)];
    const both = new Map([one, two].map(({ target, content }) => [target, content]));
    await upload({ targets: signTargets(world.project, 30, both) });
    const standings = async () => {
      const { releases } = (await world.kms.call("GET", "/releases")).body as { releases: ReleaseSummary[] };
      return [one, two].map(({ digest }) => {
        const { isSigned, rollbackFrom } = releases.find((release) => release.digest === digest) ?? {};
        return { isSigned, rollbackFrom };
      });
    };
    const signed = { isSigned: true, rollbackFrom: null };
    expect(await standings()).toEqual([signed, signed]);
    const files = new Map([[one.target, one.content]]);
    const watched = await watchEvents(world.kms);
    await vi.waitFor(() => expect(watched.seen()).toContain(": welcome"), patience);
    const answer = await upload({
      targets: signTargets(world.project, 31, files, { rollbackFrom: { [one.target]: 2 } }),
    });
    expect(answer).toMatchObject({ status: 200, body: { releases: [] } });
    expect(await standings()).toEqual([
      { isSigned: true, rollbackFrom: 2 },
      { isSigned: false, rollbackFrom: null },
    ]);
    for (const { target } of [one, two]) {
      const told = new RegExp(`event: release\\ndata: .*"target":"${target}".*"isSigned":${target === one.target}`);
      await vi.waitFor(() => expect(watched.seen()).toMatch(told), patience);
    }
    await watched.stop();
    const broken = signTargets(world.project, 32, files, { rollbackFrom: { [one.target]: -1 } });
    expect(await upload({ targets: broken })).toMatchObject({ body: { code: "RELEASE_METADATA_INVALID" } });
  });
});

describe("[M12] overlays", () => {
  const field = generateSigningKey();
  const settings = { "one.config.level": { type: "integer" as const, min: 0, max: 9 } };
  const components = { one: plainComponent({ config: { level: 5 } }) };
  const release = createRelease(50, { components, overlayable: { memoryBytes: 2 ** 30, values: settings } });

  /** A list as an operator signs it, with one overlay, whose document is brought here. */
  async function listOf(version: number, more: Partial<Overlay> = {}, key = field) {
    const overlay: Overlay = {
      ...{ format: 1, overlay: "warmer", deployment: "field", overlayCounter: version, base: release.digest },
      ...{ devices: null, expiresMs: 4_000_000_000_000, values: { "one.config.level": 7 } },
      ...more,
    };
    const text = canonicalJson(overlay);
    const [digest, target] = [sha256(text), overlayTargetName(overlay)];
    await world.kms.call("PUT", `/blobs/${digest}`, Buffer.from(text));
    const content = signTargets({ targetsKey: key }, version, new Map([[target, text]]));
    return { name: `${version}.overlays-field.json`, content, digest, target, text };
  }
  const send = ({ name, content }: { name: string; content: string }) => upload({ overlays: { [name]: content } });
  const list = async () => (await world.kms.call("GET", "/overlays")).body["overlays"] as { digest: string }[];

  it("are taken from who the targets name, listed in the snapshot, and brought to devices as they were signed", async () => {
    for (const content of [release.artifact, Buffer.from(release.content)]) {
      await world.kms.call("PUT", `/blobs/${sha256(content)}`, content);
    }
    const files = new Map([[release.target, release.content]]);
    const passedOn = { deployment: "field", key: field };
    expect(await send(await listOf(1))).toMatchObject({ status: 422, body: { code: "OVERLAY_SIGNATURE_INVALID" } });
    const targets = signTargets(world.project, 50, files, { delegate: passedOn });
    expect(await upload({ targets })).toMatchObject({ status: 200 });
    expect(await send(await listOf(1, {}, generateSigningKey()))).toMatchObject({ status: 422 });
    const signed = await listOf(1);
    expect(await send(signed)).toMatchObject({ status: 200, body: { targetsVersion: 50 } });
    expect(await send(signed)).toMatchObject({ status: 200 });
    expect(await list()).toMatchObject([{ digest: signed.digest, target: signed.target, deployment: "field" }]);

    const fetch = await device("overlaid");
    const read = async (path: string) => (await fetch(path)).body.toString();
    const { version } = JSON.parse(await read("/metadata/timestamp.json")).signed.meta["snapshot.json"];
    const { meta } = JSON.parse(await read(`/metadata/${version}.snapshot.json`)).signed;
    expect(meta).toMatchObject({
      "targets.json": { version: 50 },
      "overlays-field.json": { version: 1, hashes: { sha256: sha256(signed.content) } },
    });
    expect(await read("/metadata/1.overlays-field.json")).toBe(signed.content);
    expect(await read(`/targets/${signed.digest}.warmer-1.json`)).toBe(signed.text);
  });

  it("are refused where no device would take them, and an older list never comes back", async () => {
    const refused = [
      [await listOf(2, { values: { "one.config.level": 10 } }), "OVERLAY_NOT_ALLOWED"],
      [await listOf(2, { deployment: "house" }), "OVERLAY_INVALID"],
      [await listOf(2, { values: { "one.config.level": "9".repeat(maxOverlayBytes) } }), "REQUEST_INVALID"],
      [await listOf(2, { base: "f".repeat(64) }), "REQUEST_INVALID"],
      [{ ...(await listOf(3)), name: "2.overlays-field.json" }, "RELEASE_METADATA_INVALID"],
    ] as const;
    for (const [one, code] of refused) expect(await send(one)).toMatchObject({ body: { code } });
    const next = await listOf(2);
    expect(await send(next)).toMatchObject({ status: 200 });
    expect(await send(await listOf(1, { overlay: "colder" }))).toMatchObject({ status: 409 });
    expect((await list()).map(({ digest }) => digest)).toEqual([next.digest]);
  });

  it("stay in the snapshot when nobody may sign them any more: devices take no snapshot without", async () => {
    const targets = signTargets(world.project, 51, new Map([[release.target, release.content]]));
    expect(await upload({ targets })).toMatchObject({ status: 200 });
    const read = async (name: string) => (await (await device(`late ${name}`))(`/metadata/${name}`)).body.toString();
    const { version } = JSON.parse(await read("timestamp.json")).signed.meta["snapshot.json"];
    expect(JSON.parse(await read(`${version}.snapshot.json`)).signed.meta).toMatchObject({
      "overlays-field.json": { version: 2 },
    });
  });

  it("go to devices of their deployment alone, on their release alone", async () => {
    const keys = makeDeviceKeys();
    const body = { name: "of the field", deviceKey: keys.deviceKey.publicKey, tunnelKey: keys.tunnelKey.publicKey };
    const enrolled = await world.kms.call("POST", "/devices", { ...body, deployment: "field" });
    const inField = enrolled.body["provisioning"] as { deviceId: string; deployment: string };
    expect(inField.deployment).toBe("field");
    const { provisioning: elsewhere } = await world.enrol("of no field");
    expect(elsewhere.deployment).toBeUndefined();
    const [one] = await list();
    if (one === undefined) throw new Error("there is no overlay");
    const overlay = { target: "overlays/field/warmer-2.json", digest: one.digest };
    const deploy = (deviceId: string, more: object = {}) =>
      world.kms.call("POST", `/devices/${deviceId}/commands`, {
        command: { kind: "deploy", target: release.target, releaseDigest: release.digest, overlay, ...more },
      });
    expect(await deploy(elsewhere.deviceId)).toMatchObject({ body: { code: "OVERLAY_WRONG_DEVICE" } });
    const older = { target: "greenhouse-1.json", releaseDigest: createRelease(1).digest };
    expect(await deploy(inField.deviceId, older)).toMatchObject({ body: { code: "COMMAND_INVALID" } });
    const none = { overlay: { ...overlay, digest: "0".repeat(64) } };
    expect(await deploy(inField.deviceId, none)).toMatchObject({ status: 404 });
    expect(await deploy(inField.deviceId)).toMatchObject({ status: 200, body: { command: { command: { overlay } } } });
    const seen = (await world.kms.call("GET", `/devices/${inField.deviceId}`)).body["device"];
    expect(seen).toMatchObject({ deployment: "field", overlay: null });
  });
});

describe("[M11] a KMS that is told to take anything", () => {
  it("publishes what the project's keys did not sign, for tests of devices, and says so", async () => {
    const lax = await createWorld({ uploads: "any" });
    try {
      const stranger = createProject((await lax.kms.call("GET", "/instance")).body as never);
      const { answer } = await uploadReleases(lax, 1, stranger);
      expect(answer).toMatchObject({ status: 200, body: { targetsVersion: 1 } });
      expect((await lax.kms.call("GET", "/health")).body).toMatchObject({ uploads: "any" });
    } finally {
      await lax.remove();
    }
  });
});

describe("[M11] a release for some devices", () => {
  it("is listed with whom it is for, deployed to no other, and not taken in where nobody can tell", async () => {
    const { target, content, digest } = createRelease(1);
    const files = new Map([[target, content]]);
    const sign = (version: number, deployments: string[]) =>
      upload({ targets: signTargets(world.project, version, files, { onlyFor: { [target]: { deployments } } }) });
    expect(await sign(90, ["field"])).toMatchObject({ status: 200 });
    const { releases } = (await world.kms.call("GET", "/releases")).body as { releases: ReleaseSummary[] };
    expect(releases.find((release) => release.digest === digest)?.onlyFor).toEqual({ deployments: ["field"] });
    const { provisioning } = await world.enrol("of another deployment");
    const deploy = () =>
      world.kms.call("POST", `/devices/${provisioning.deviceId}/commands`, {
        command: { kind: "deploy", target, releaseDigest: digest },
      });
    expect(await deploy()).toMatchObject({ status: 422, body: { code: "RELEASE_WRONG_DEVICE" } });
    expect(await sign(91, ["field", "default"])).toMatchObject({ status: 200 });
    expect(await deploy()).toMatchObject({ status: 200 });
    expect(await sign(92, [])).toMatchObject({ body: { code: "RELEASE_METADATA_INVALID" } });
  });
});
