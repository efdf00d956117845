import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, generateSigningKey, type KeyPair, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { MetadataKind, type Targets } from "@tufjs/models";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeReleaseSbom } from "../build/papers/sbom.ts";
import { createKeyFile } from "../keys/key-file.ts";
import { developmentRing, type KeyRing } from "../keys/key-ring.ts";
import { memorySigner } from "../keys/signer.ts";
import { openEnvelope } from "../papers/dsse.ts";
import { makeStatement } from "../papers/statement.ts";
import { addSignature, mergeRequests, publishRequest } from "./ceremony.ts";
import { formatSummary } from "./format-summary.ts";
import { prepareFirstRoot, prepareTargets } from "./prepare.ts";
import { readRepository } from "./repository.ts";
import { readRequest, type SigningRequest, writeRequest } from "./request.ts";
import { summarise } from "./summary.ts";
import { nextTargets } from "./targets.ts";

const nowMs = Date.parse("2026-11-23T00:00:00Z");
const online = { snapshotKey: generateSigningKey().publicKey, timestampKey: generateSigningKey().publicKey };
const [bill, envelope] = ["example-1.sbom.cdx.json", "example-1.provenance.dsse.json"];

let directory = "";
let repository = "";
let targets: KeyPair[] = [];
let ring: KeyRing;
let builder = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-papers-"));
  repository = join(directory, "repository");
  const roots = Array.from({ length: 3 }, generateSigningKey);
  targets = Array.from({ length: 3 }, generateSigningKey);
  const [rootKeys, targetsKeys] = [roots, targets].map((keys) => keys.map(({ publicKey }) => publicKey));
  const content = { rootKeys: rootKeys ?? [], targetsKeys: targetsKeys ?? [], targetsThreshold: 2 };
  const root = await prepareFirstRoot(repository, { ...content, online, development: false }, nowMs);
  await publishRequest(await signAll(root, roots.slice(0, 2)), repository);
  ({ publicKey: builder } = await createKeyFile(join(directory, "builder.json"), "builder", "development"));
  ring = await developmentRing(join(directory, "builder.json"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const signAll = (request: SigningRequest, keys: readonly KeyPair[]): Promise<SigningRequest> =>
  keys.reduce(async (before, key) => addSignature(await before, memorySigner(key)), Promise.resolve(request));

let builds = 0;
/** What a build leaves; `of`: what a paper of it is of, if not of this release. */
async function build(releaseCounter = 1, of: { bill?: string; statement?: string } = {}): Promise<string> {
  const dir = join(directory, `build-${builds++}`);
  const release: Release = {
    ...{ format: 1, name: "example", version: "1.0.0", releaseCounter, securityEpoch: 0, board: "virtual" },
    ...{ builtAtMs: nowMs, system: plainSystem({ system: "example", components: {} }), artifacts: [] },
  };
  const text = canonicalJson(release);
  const digest = sha256(text);
  const made = { name: "example-1.json", sha256: of.statement ?? digest };
  const materials = [{ uri: "project", digest: { gitCommit: "4b".repeat(20) } }];
  await mkdir(dir);
  await writeFile(join(dir, "release.json"), text);
  await writeFile(join(dir, "sbom.cdx.json"), JSON.stringify(makeReleaseSbom(release, of.bill ?? digest, [])));
  const statement = makeStatement({ subject: [made], kind: "release", externalParameters: {}, materials });
  await writeFile(join(dir, "provenance.json"), JSON.stringify(statement));
  return dir;
}

type Carried = {
  metadata: { signed: { targets: Record<string, { custom: Record<string, unknown>; hashes: { sha256: string } }> } };
  papers: string[];
};
async function carried(request: SigningRequest, change: (json: Carried) => void = () => undefined) {
  const file = join(directory, "request.json");
  await writeRequest(file, request);
  const json = JSON.parse(await readFile(file, "utf8"));
  change(json);
  await writeFile(file, JSON.stringify(json));
  return readRequest(file);
}
const prepare = async (dir?: string, by: KeyRing | undefined = ring) =>
  prepareTargets(repository, { releaseDir: dir ?? (await build()), ring: by }, nowMs);
const named = async () => Object.keys((await readRepository(repository)).targets?.signed.targets ?? {});

describe("[S3] papers beside a release", () => {
  test("are signed with it in several places, and lie beside it where the management service takes them from", async () => {
    const request = await prepare();
    const one = await signAll(await carried(request), targets.slice(0, 1));
    const two = await signAll(await carried(request), targets.slice(2));
    await publishRequest(mergeRequests(await carried(one), await carried(two)), repository);
    expect(await named()).toEqual(["example-1.json", bill, envelope]);
    for (const name of await readdir(join(repository, "targets"))) {
      expect(sha256(await readFile(join(repository, "targets", name)))).toBe(name.slice(0, 64));
    }
    expect(await readdir(join(repository, "targets"))).toHaveLength(3);
  });

  test("say who built it by a key that need be none of those that sign the release", async () => {
    const request = await prepare();
    const text = papersIn(request).at(-1) ?? "";
    expect(JSON.parse(openEnvelope(text, builder, "it")).predicateType).toBe("https://slsa.dev/provenance/v1");
    const { targets: files } = request.metadata.signed as Targets;
    expect(files[envelope ?? ""]?.custom).toEqual({ paper: "provenance", builder });
    expect(files["example-1.json"]?.custom).toEqual({ releaseCounter: 1 });
  });

  test("are shown to who is to sign: packages, who built, and of which commit", async () => {
    const summary = summarise(await carried(await prepare()));
    expect(summary.papers).toMatchObject([
      { kind: "sbom", packages: 0 },
      { kind: "provenance", builder, commit: "4b".repeat(20) },
    ]);
    expect(summary.releases.added.map(({ target }) => target)).toEqual(["example-1.json"]);
    expect(formatSummary(summary)).toContain(`built by the key ${builder}, of commit ${"4b".repeat(20)}`);
  });

  test("lack the provenance where nobody is there to sign it, and have that which was signed at the build", async () => {
    const dir = await build();
    const without = await prepareTargets(repository, { releaseDir: dir }, nowMs);
    expect(summarise(without).papers.map(({ kind }) => kind)).toEqual(["sbom"]);
    const [, sealed = ""] = papersIn(await prepare(dir));
    await writeFile(join(dir, "provenance.dsse.json"), sealed);
    const request = await prepareTargets(repository, { releaseDir: dir }, nowMs);
    expect(summarise(request).papers.map((paper) => paper.builder)).toEqual([undefined, builder]);
  });

  test.each<[string, (json: Carried) => void]>([
    ["a bill is not in the request", (json) => json.papers.shift()],
    ["an envelope is signed by another key than is named", ({ metadata }) => nameBuilder(metadata, targets[0])],
    ["no key is named", ({ metadata }) => nameBuilder(metadata, undefined)],
    [
      "a paper is of a release that the list does not have",
      ({ metadata: { signed } }) => {
        signed.targets["example-2.sbom.cdx.json"] = signed.targets[bill ?? ""] as never;
      },
    ],
    [
      "a bill stands in the envelope's place",
      ({ metadata: { signed } }) => {
        Object.assign(signed.targets[envelope ?? ""]?.hashes ?? {}, signed.targets[bill ?? ""]?.hashes);
      },
    ],
  ])("are not signed where %s", async (_what, change) => {
    const request = await carried(await prepare(), change);
    expect(() => summarise(request)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(SIGNING_REQUEST_INVALID|RELEASE_SIGNATURE_INVALID)$/) }),
    );
  });

  test.each(["bill", "statement"])("are not signed where the %s is of another release", async (which) => {
    const request = await prepare(await build(1, { [which]: "0".repeat(64) }));
    expect(() => summarise(request)).toThrow(expect.objectContaining({ code: "SIGNING_REQUEST_INVALID" }));
  });

  test("are exchanged when a release is signed again, and leave the list with it", () => {
    const release = (releaseCounter: number) => ({ name: "example", releaseCounter }) as Release;
    const papers = (counter: number, word: string) =>
      (["sbom", "provenance"] as const).map((kind) => ({
        ...{ kind, text: word, digest: sha256(word) },
        target: `example-${counter}.${kind === "sbom" ? "sbom.cdx" : "provenance.dsse"}.json`,
      }));
    const add = (before: Targets | undefined, counter: number, word: string) =>
      nextTargets(
        before,
        {
          release: {
            release: release(counter),
            digest: sha256(`${counter}`),
            lengthBytes: 1,
            papers: papers(counter, word),
          },
        },
        nowMs,
      ).signed;
    let signed = add(add(undefined, 1, "old"), 1, "new");
    expect(Object.keys(signed.targets)).toEqual(["example-1.json", bill, envelope]);
    expect(signed.targets[bill ?? ""]?.hashes["sha256"]).toBe(sha256("new"));
    for (let counter = 2; counter <= 66; counter++) signed = add(signed, counter, "new");
    const names = Object.keys(signed.targets);
    expect([names.length, names[0], names.includes(bill ?? "")]).toEqual([64 * 3, "example-3.json", false]);
    expect(signed.type).toBe(MetadataKind.Targets);
  });
});

const papersIn = ({ papers }: SigningRequest) => [...(papers ?? new Map<string, string>()).values()];

function nameBuilder({ signed }: Carried["metadata"], key: KeyPair | undefined): void {
  Object.assign(signed.targets[envelope ?? ""]?.custom ?? {}, { builder: key?.publicKey });
}
