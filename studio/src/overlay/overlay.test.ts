/** Overlays as an operator writes, signs and carries them; what a device makes of them is in tests/releases. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, generateSigningKey, type KeyPair, type Release, sha256 } from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { typed } from "../cli/testing/typed.ts";
import { memorySigner } from "../keys/signer.ts";
import { overlayLists, statusOf } from "../keys/status.ts";
import { opener } from "../seal/open.ts";
import { addSignature, checkRepository, publishRequest } from "../sign/ceremony.ts";
import { formatSummary } from "../sign/format-summary.ts";
import { type NewOverlay, type OverlaysChange, prepareOverlays } from "../sign/overlays.ts";
import { prepareFirstRoot, prepareTargets } from "../sign/prepare.ts";
import { readRepository } from "../sign/repository.ts";
import { readRequest, type SigningRequest, writeRequest } from "../sign/request.ts";
import { summarise } from "../sign/summary.ts";
import { findRelease } from "./release.ts";
import { signedOverlays } from "./signed.ts";
import { readOverlay } from "./written.ts";

const nowMs = Date.parse("2026-11-23T00:00:00Z");
const pairs = (count: number): KeyPair[] => Array.from({ length: count }, generateSigningKey);
const halves = (keys: readonly KeyPair[]): string[] => keys.map(({ publicKey }) => publicKey);
const [roots, targets, field, house] = [pairs(3), pairs(1), pairs(2), pairs(1)];
const release: Release = {
  ...{ format: 1, name: "example", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" },
  ...{ builtAtMs: nowMs, artifacts: [] },
  system: plainSystem({
    components: { one: plainComponent({ config: { level: 5 } }) },
    overlayable: { memoryBytes: 2 ** 30, values: { "one.config.level": { type: "integer", min: 0, max: 9 } } },
  }),
};
const base = sha256(canonicalJson(release));

let directory = "";
let repository = "";
const signAll = (request: SigningRequest, keys: readonly KeyPair[]): Promise<SigningRequest> =>
  keys.reduce(async (before, key) => addSignature(await before, memorySigner(key)), Promise.resolve(request));
const publish = async (request: SigningRequest, keys: readonly KeyPair[]) =>
  publishRequest(await signAll(request, keys), repository);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-overlays-"));
  repository = join(directory, "repository");
  const [snapshotKey = "", timestampKey = ""] = halves(pairs(2));
  const online = { snapshotKey, timestampKey };
  const named = { rootKeys: halves(roots), targetsKeys: halves(targets), targetsThreshold: 1 };
  await publish(await prepareFirstRoot(repository, { ...named, online, development: false }, nowMs), roots.slice(0, 2));
  await writeFile(join(directory, "release.json"), canonicalJson(release));
  await publish(await prepareTargets(repository, { releaseDir: directory }, nowMs), targets);
  for (const [deployment, keys] of Object.entries({ field, house })) {
    const delegation = { to: { deployment }, keys: halves(keys), threshold: keys.length };
    await publish(await prepareTargets(repository, { delegation }, nowMs), targets);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const level = (value: number, more: Partial<NewOverlay["overlay"]> = {}): OverlaysChange => ({
  add: {
    release,
    overlay: {
      ...{ format: 1, overlay: "warmer", deployment: "field", base, devices: null, expiresMs: nowMs + 86_400_000 },
      values: { "one.config.level": value },
      ...more,
    },
  },
});
const prepare = (change: OverlaysChange) => prepareOverlays(repository, "field", change, nowMs);

describe("[M12] an overlay", () => {
  test("is written by places and sizes, and what is wrong in it is told with its line", async () => {
    const file = join(directory, "overlay.yaml");
    const head = "overlay: warmer\ndeployment: field\nexpires: 2027-03-01\nvalues:\n";
    await writeFile(file, `${head}  one.config.level: 7\n  one.memory: 64Mi\n`);
    expect(await readOverlay(file, base)).toEqual({
      ...{ format: 1, overlay: "warmer", deployment: "field", base, devices: null },
      expiresMs: Date.parse("2027-03-01T23:59:59Z"),
      values: { "one.config.level": 7, "one.memory": 64 * 1024 ** 2 },
    });
    for (const [line, code] of [
      ["one.memory: 64", "MANIFEST_INVALID_VALUE"],
      ["one.image: ./two", "MANIFEST_INVALID_VALUE"],
      ["one.config.level: 1.5", "MANIFEST_INVALID_VALUE"],
    ] as const) {
      await writeFile(file, `${head}  ${line}\n`);
      await expect(readOverlay(file, base)).rejects.toMatchObject({ code, place: { line: 5 } });
    }
  });

  test("is signed by the keys that the targets name for its deployment, as many as they say, and by no others", async () => {
    const request = await prepare(level(7));
    for (const stranger of [...targets, ...house, ...roots]) {
      await expect(addSignature(request, memorySigner(stranger))).rejects.toMatchObject({ code: "KEYS_INVALID" });
    }
    await expect(publish(request, field.slice(0, 1))).rejects.toMatchObject({ code: "SIGNING_REQUEST_INVALID" });
    await expect(
      prepareOverlays(repository, "barn", level(7, { deployment: "barn" }), nowMs).then((other) =>
        publish(other, field),
      ),
    ).rejects.toMatchObject({ code: "KEYS_INVALID", message: expect.stringContaining("overlays-barn on to nobody") });
  });

  test("is carried as a file, which shows what it sets against the release before it is signed", async () => {
    const file = join(directory, "warmer.request");
    await writeRequest(file, await signAll(await prepare(level(7)), field.slice(0, 1)));
    const request = await readRequest(file);
    const text = formatSummary(summarise(request));
    expect(text).toContain("overlays of field 1");
    expect(text).toContain("one.config.level: 5 → 7");
    expect(text).toContain("every device of field");
    expect(text).toContain("1 of 2 by the keys of overlays-field");
    await checkRepository(request, await readRepository(repository, "overlays-field"));
    await publish(request, field.slice(1));
    const { overlays, version } = await signedOverlays(repository, "field", opener(undefined));
    expect([version, overlays]).toMatchObject([
      1,
      [{ target: "overlays/field/warmer-1.json", release: "example-1.json" }],
    ]);
    expect((await findRelease("example-1.json", repository, opener(undefined))).digest).toBe(base);
  });

  test("takes the place of the one of its name, counts up, and is withdrawn by its name", async () => {
    await publish(await prepare(level(8)), field);
    await publish(await prepare(level(3, { overlay: "colder" })), field);
    const names = async () =>
      (await signedOverlays(repository, "field", opener(undefined))).overlays.map(({ target }) => target);
    expect(await names()).toEqual(["overlays/field/warmer-2.json", "overlays/field/colder-3.json"]);
    await publish(await prepare({ withdraw: "warmer" }), field);
    expect(await names()).toEqual(["overlays/field/colder-3.json"]);
    await expect(prepare({ withdraw: "warmer" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    // What has expired is dropped as well: two days later there is nothing left to carry along.
    const later = await prepareOverlays(repository, "field", {}, nowMs + 2 * 86_400_000);
    expect(Object.keys((later.metadata.signed as { targets: object }).targets)).toEqual([]);
  });

  test("ends with its list, and when its keys are exchanged: the keys' status says so", async () => {
    const found = await readRepository(repository);
    const problems = async (days: number) =>
      statusOf(found, [], 30, nowMs + days * 86_400_000, await overlayLists(found)).problems;
    expect(await problems(100)).toEqual([]);
    expect(await problems(160)).toContain(
      "overlays-field 4 expires in 20 days: bulkhead overlay sign --deployment field",
    );
    const file = join(repository, "5.overlays-field.json");
    const { signed } = JSON.parse(await readFile(join(repository, "4.overlays-field.json"), "utf8"));
    await writeFile(file, JSON.stringify({ signed: { ...signed, version: 5 }, signatures: [] }));
    expect(await problems(0)).toEqual([expect.stringContaining("overlays-field 5 lacks 2 of 2 signatures")]);
    await rm(file);
  });

  test("that no device would take is not shown as one, and what a request hides is not signed", async () => {
    const seen = async (request: SigningRequest) => () => summarise(request);
    expect(await seen(await prepare(level(10)))).toThrow(expect.objectContaining({ code: "OVERLAY_NOT_ALLOWED" }));
    const request = await prepare(level(7));
    if (request.delegated === undefined) throw new Error("it is no request for overlays");
    const without: SigningRequest[] = [
      { ...request, delegated: { ...request.delegated, overlays: new Map() } },
      { ...request, releases: new Map() },
      { ...request, delegated: { ...request.delegated, name: "operators" } },
    ];
    for (const hiding of without) expect(await seen(hiding)).toThrow();
    const unsigned = { ...release, releaseCounter: 9 };
    const other = sha256(canonicalJson(unsigned));
    const stray = await prepare({ add: { ...level(7, { base: other }).add, release: unsigned } as NewOverlay });
    expect(await seen(stray)).toThrow(expect.objectContaining({ code: "SIGNING_REQUEST_INVALID" }));
  });

  test("of targets that the root's keys did not sign are signed by nobody", async () => {
    const file = join(repository, "4.targets.json");
    const { delegations } = JSON.parse(await readFile(join(repository, "3.targets.json"), "utf8")).signed;
    const { metadata } = await prepareTargets(repository, {}, nowMs);
    const forged = metadata.toJSON() as { signed: object };
    await writeFile(file, JSON.stringify({ signatures: [], signed: { ...forged.signed, delegations } }));
    await expect(publish(await prepare(level(7)), field)).rejects.toMatchObject({ code: "KEYS_INVALID" });
    await rm(file);
  });

  test("is withdrawn by itself where another of its name is for another release, and both by their name", async () => {
    const rebuilt = { ...release, releaseCounter: 2 };
    const expiresMs = Date.parse("2099-01-01T00:00:00Z");
    const later = sha256(canonicalJson(rebuilt));
    await writeFile(join(directory, "release.json"), canonicalJson(rebuilt));
    await publish(await prepareTargets(repository, { releaseDir: directory }, nowMs), targets);
    const on2 = { add: { ...level(4, { base: later, expiresMs }).add, release: rebuilt } as NewOverlay };
    await publish(await prepare(level(6, { expiresMs })), field);
    await publish(await prepare(on2), field);
    const left = async (withdraw: string) => {
      const { signed } = (await prepare({ withdraw })).metadata;
      return Object.keys((signed as { targets: object }).targets);
    };
    const colder = "overlays/field/colder-3.json";
    expect(await left("warmer")).toEqual([colder]);
    expect(await left("overlays/field/warmer-5.json")).toEqual([colder, "overlays/field/warmer-6.json"]);
    expect(await left("overlays/field/warmer-6.json")).toEqual([colder, "overlays/field/warmer-5.json"]);
    await expect(left("overlays/field/warmer-2.json")).rejects.toMatchObject({
      code: "NOT_FOUND",
      remedy: expect.stringContaining("overlays/field/warmer-5.json, overlays/field/warmer-6.json"),
    });
  });

  test("is shown where its release is not signed any more, and says so", async () => {
    await publish(await prepareTargets(repository, { rollbackTo: "example-1.json" }, nowMs), targets);
    const shown = await typed("overlay", "show", "field", "--repository", repository);
    expect([shown.code, shown.err]).toEqual([0, ""]);
    expect(shown.out).toContain("one.config.level: 5 → 6");
    expect(shown.out).toMatch(/warmer-6\.json\n[^+]*its release is not signed any more[^+]*one\.config\.level: 4/);
    const { overlays } = JSON.parse(
      (await typed("overlay", "show", "field", "--repository", repository, "--json")).out,
    );
    expect(overlays[1]).toMatchObject({ release: "example-1.json", values: [{ before: 5, after: 6 }] });
    expect(overlays[2]).toMatchObject({
      ...{ target: "overlays/field/warmer-6.json", release: null, effectiveDigest: null },
      values: [{ place: "one.config.level", after: 4 }],
    });
    const request = join(directory, "withdraw.request");
    const line = [
      "overlay",
      "sign",
      "--deployment",
      "field",
      "--repository",
      repository,
      "--prepare",
      request,
      "--json",
    ];
    const withdrawn = await typed(...line, "--withdraw", "overlays/field/warmer-6.json");
    const { removed } = JSON.parse(withdrawn.out);
    expect(removed).toContain("overlays/field/warmer-6.json");
    expect(removed).not.toContain("overlays/field/warmer-5.json");
  });
});
