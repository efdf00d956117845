/** What the verifier makes of overlays: those that are signed for the device and within its release, and all the others. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  canonicalJson,
  generateSigningKey,
  type KeyPair,
  type Overlay,
  type OverlayName,
  sha256,
} from "@bulkhead/protocol";
import { developmentRing, signTargets } from "@bulkhead/studio";
import { Metadata, TargetFile, Targets } from "@tufjs/models";
import { beforeEach, describe, expect, test } from "vitest";
import { memorySigner } from "../../studio/src/keys/signer.ts";
import { addSignature, publishRequest } from "../../studio/src/sign/ceremony.ts";
import { prepareOverlays } from "../../studio/src/sign/overlays.ts";
import type { SigningRequest } from "../../studio/src/sign/request.ts";
import { asked, useBench } from "./bench.ts";
import { type BuiltForTest, signOnline } from "./project.ts";
import { signOverlay } from "./sign-overlay.ts";

const bench = useBench();
let field: KeyPair;
let house: KeyPair;
let built: BuiltForTest;
let online = 10;

const publishOnline = () => signOnline(bench.project.repoDir, bench.project.online, { version: online++ });
const delegate = async (deployment: string, key: KeyPair | undefined) => {
  const keys = key === undefined ? [] : [key.publicKey];
  const delegation = { to: { deployment }, keys, threshold: 1 };
  await signTargets(await developmentRing(bench.project.keysDir), bench.project.repoDir, { delegation });
};

beforeEach(async () => {
  [field, house] = [generateSigningKey(), generateSigningKey()];
  built = await bench.publish(1);
  await delegate("field", field);
  await delegate("house", house);
});

type More = Partial<Omit<Overlay, "overlayCounter" | "format">>;

/** Signs as the operator's studio does and publishes it; what it would not sign is in `forge`. */
async function sign(value: unknown, more: More = {}, key = field): Promise<OverlayName> {
  const values = { "one.config.level": value } as Overlay["values"];
  const overlay = { overlay: "warmer", deployment: "field", base: built.digest, values, ...more };
  const name = await signOverlay(bench.project.repoDir, key, overlay, built.release);
  await publishOnline();
  return name;
}

/** Signs metadata of the role as somebody does who keeps to no rules: any content, any keys. */
async function forge(role: string, version: number, change: object, keys: readonly KeyPair[]): Promise<void> {
  const signed = new Targets({ version, specVersion: "1.0.31", expires: "2099-01-01T00:00:00Z", targets: {} });
  const metadata = new Metadata(Targets.fromJSON({ ...signed.toJSON(), ...change } as never));
  const request = { metadata, root: undefined, before: undefined, releases: new Map() } as unknown as SigningRequest;
  const signatures = await Promise.all(keys.map((key) => signatureOf(request, key)));
  const text = JSON.stringify({ ...metadata.toJSON(), signatures });
  await writeFile(join(bench.project.repoDir, `${version}.${role}.json`), text);
  await publishOnline();
}

async function signatureOf({ metadata }: SigningRequest, key: KeyPair) {
  const { signedBytes, tufKey } = await import("../../studio/src/sign/metadata.ts");
  const sig = Buffer.from(await memorySigner(key).sign(signedBytes(metadata)), "base64url").toString("hex");
  return { keyid: tufKey(key.publicKey).keyID, sig };
}

const targetsOf = (path: string, content: string) => ({
  targets: { [path]: new TargetFile({ path, length: content.length, hashes: { sha256: sha256(content) } }).toJSON() },
});

async function install(overlay: OverlayName | undefined, boot: object = {}) {
  await bench.device.stage(built);
  return (await bench.device.boot(boot)).install({ ...asked(built), overlay });
}

/** What the root server was told last, as it lies endorsed. */
async function endorsed() {
  const { body } = bench.device.told.at(-1) as { body: { releaseDigest: string } };
  const file = join(bench.device.directories.endorsed, body.releaseDigest, "release.json");
  const text = await readFile(file, "utf8");
  expect(sha256(text)).toBe(body.releaseDigest);
  return { release: JSON.parse(text), digest: body.releaseDigest };
}

describe("[M12] an overlay at the verifier", () => {
  test("is put on its release, and the two are endorsed as one, with the digest that the studio foretold", async () => {
    const overlay = await sign(7);
    expect(await install(overlay)).toMatchObject({ accepted: true });
    const { release, digest } = await endorsed();
    expect(release.system.components.one.config).toEqual({ level: 7, fixed: 7 });
    expect(release.overlay).toEqual({ name: "warmer", overlayCounter: 1, digest: overlay.digest, base: built.digest });
    expect(digest).not.toBe(built.digest);
    // Without it the release is endorsed as it was signed, on the same device.
    const [one = ""] = await readdir(bench.device.directories.endorsed);
    await (await bench.device.boot()).heard({ releaseDigest: one, outcome: "rolled-back", reason: "" });
    expect(await install(undefined)).toMatchObject({ accepted: true });
    expect((await endorsed()).digest).toBe(built.digest);
    expect(await readdir(join(bench.device.directories.endorsed))).toEqual([built.digest]);
  });

  test("of another deployment, for another device, another release, or of another time is refused", async () => {
    const expiring = await sign(7, { overlay: "short", expiresMs: Date.now() + 60_000 });
    const foreign = await sign(7, { overlay: "foreign", devices: ["d-ffffffffffffffff"] });
    const elsewhere = await sign(7, { overlay: "elsewhere", base: "f".repeat(64) });
    const houses = await sign(7, { deployment: "house" }, house);
    expect(await install(foreign)).toMatchObject({ code: "OVERLAY_WRONG_DEVICE" });
    expect(await install(elsewhere)).toMatchObject({ code: "OVERLAY_WRONG_RELEASE" });
    expect(await install(houses)).toMatchObject({ code: "OVERLAY_WRONG_DEVICE" });
    expect(await install(expiring)).toMatchObject({ accepted: true });
    bench.device.clock.offsetMs = 120_000;
    expect(await install(expiring)).toMatchObject({ code: "OVERLAY_EXPIRED" });
    // A device that was put nowhere is in the usual deployment, whose overlays nobody signs here.
    const { deployment: _, ...provisioning } = bench.device.config.provisioning;
    bench.device.clock.offsetMs = 0;
    expect(await install(expiring, { provisioning })).toMatchObject({ code: "OVERLAY_WRONG_DEVICE" });
    expect(bench.device.told.filter(({ body }) => !(body as { again?: true }).again)).toHaveLength(1);
  });

  test("is signed by the overlay keys of the deployment alone: not the targets keys, not another's, not nobody", async () => {
    const { target } = await sign(7);
    const document = { ...JSON.parse(await readFile(await documentOf(target), "utf8")), overlayCounter: 2 };
    const text = canonicalJson(document);
    const path = "overlays/field/warmer-2.json";
    const overlay = { target: path, digest: sha256(text) };
    await writeFile(join(bench.project.repoDir, "targets/overlays/field", `${overlay.digest}.warmer-2.json`), text);
    const ring = await developmentRing(bench.project.keysDir);
    const offline = ring.keys.flatMap(({ kept, publicKey }) =>
      kept.as === "development" ? [{ publicKey, privateKey: kept.privateKey }] : [],
    );
    for (const keys of [[], [house], offline, Object.values(bench.project.online)]) {
      await forge("overlays-field", 2, targetsOf(path, text), keys);
      expect(await install(overlay)).toMatchObject({ code: "OVERLAY_SIGNATURE_INVALID" });
    }
    // The house's role names it: that role is for another path.
    await forge("overlays-house", 1, targetsOf(path, text), [house]);
    await forge("overlays-field", 3, {}, [field]);
    expect(await install(overlay)).toMatchObject({ code: "OVERLAY_SIGNATURE_INVALID" });
    expect(bench.device.told).toEqual([]);
    // The same bytes by the right key: it was the signature alone that was missing.
    await forge("overlays-field", 4, targetsOf(path, text), [field]);
    expect(await install(overlay)).toMatchObject({ accepted: true });
  });

  test("that the targets keys name themselves is none: they have passed that on", async () => {
    const overlay = await sign(7);
    const [digest, path] = [overlay.digest, overlay.target];
    const newest = JSON.parse(await readFile(join(bench.project.repoDir, "3.targets.json"), "utf8")).signed;
    const { length } = await readFile(await documentOf(path));
    const targets = { ...newest.targets, [path]: { length, hashes: { sha256: digest } } };
    const ring = await developmentRing(bench.project.keysDir);
    const [own] = ring.keys.filter(({ role }) => role === "targets");
    if (own?.kept.as !== "development") throw new Error("no targets key");
    const key = { publicKey: own.publicKey, privateKey: own.kept.privateKey };
    await forge("targets", 4, { targets, delegations: newest.delegations }, [key]);
    expect(await install(overlay)).toMatchObject({ code: "OVERLAY_SIGNATURE_INVALID" });
  });

  test("whose keys pass it on further, or stand for a release of their own, get nowhere", async () => {
    const overlay = await sign(7);
    const role = JSON.parse(await readFile(join(bench.project.repoDir, "1.overlays-field.json"), "utf8")).signed;
    const { delegations } = JSON.parse(await readFile(join(bench.project.repoDir, "3.targets.json"), "utf8")).signed;
    await forge("overlays-field", 2, { targets: role.targets, delegations }, [field]);
    expect(await install(overlay)).toMatchObject({ accepted: false });
    // A release under the operator's keys: its document is whole, and in the path that is passed on to them.
    const text = canonicalJson(built.release);
    await forge("overlays-field", 3, targetsOf("overlays/field/evil-1.json", text), [field]);
    await bench.device.stage(built);
    await writeFile(join(bench.device.staging.targets, `${built.digest}.evil-1.json`), text);
    const target = "overlays/field/evil-1.json";
    const verdict = await (await bench.device.boot()).install({ target, releaseDigest: built.digest });
    expect(verdict).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    expect(bench.device.told).toEqual([]);
  });

  test("that was taken back, with its keys or without, counts no more, and no replay brings it back", async () => {
    const overlay = await sign(7);
    expect(await install(overlay)).toMatchObject({ accepted: true });
    const request = await prepareOverlays(bench.project.repoDir, "field", { withdraw: "warmer" });
    await publishRequest(await addSignature(request, memorySigner(field)), bench.project.repoDir);
    await publishOnline();
    expect(await install(overlay)).toMatchObject({ code: "OVERLAY_SIGNATURE_INVALID" });
    // The service points back to the list of before, by a new snapshot of its own.
    await rm(join(bench.project.repoDir, "2.overlays-field.json"));
    await publishOnline();
    expect(await install(overlay)).toMatchObject({ code: "RELEASE_ROLLBACK" });
    await delegate("field", undefined);
    await forge("overlays-field", 5, {}, [field]);
    expect(await install(overlay)).toMatchObject({ code: "OVERLAY_SIGNATURE_INVALID" });
  });

  test("that is older than one that was committed for the release is refused, also after that was dropped", async () => {
    const first = await sign(7, { overlay: "first" });
    const second = await sign(8, { overlay: "second" });
    expect(await install(second)).toMatchObject({ accepted: true });
    const { digest, release } = await endorsed();
    // Not committed yet: a trial that fails costs nothing.
    expect(await install(first)).toMatchObject({ accepted: true });
    const currentOverlay = { ...release.overlay, effectiveDigest: digest };
    const gate = await bench.device.boot({ currentOverlay });
    await gate.heard({ releaseDigest: "f".repeat(64), outcome: "committed", reason: "" });
    await gate.heard({ releaseDigest: digest, outcome: "rolled-back", reason: "" });
    expect(await install(first)).toMatchObject({ accepted: true });
    // An agent that asks for more than is taken does not keep it from being written down.
    const asks = Array.from({ length: 20 }, () =>
      gate.examine({ target: "none-1.json", releaseDigest: digest }).catch((error: unknown) => error),
    );
    await gate.heard({ releaseDigest: digest, outcome: "committed", reason: "" });
    const refused = (await Promise.all(asks)).filter((error) => (error as { code?: string }).code === "IPC_OVERLOADED");
    expect(refused.length).toBeGreaterThan(0);
    expect(await install(first)).toMatchObject({ code: "OVERLAY_ROLLBACK" });
    expect(await install(undefined)).toMatchObject({ accepted: true });
    expect(await install(first)).toMatchObject({ code: "OVERLAY_ROLLBACK" });
    expect(await install(second)).toMatchObject({ accepted: true });
    expect(await install(await sign(1, { overlay: "third" }))).toMatchObject({ accepted: true });
  });

  test("beyond what the release marks is refused, whoever signed it, and so is an altered one", async () => {
    const beyond: Overlay["values"][] = [
      { "one.config.level": 10 },
      { "one.config.fixed": 8 },
      { "verifier.memory": 64 * 1024 ** 2 },
      { "one.network": ["kms"] },
      { "one.memory": 900 * 1024 ** 2 },
    ];
    for (const values of beyond) {
      expect([values, await install(await sign(0, { values }))]).toMatchObject([
        values,
        { code: "OVERLAY_NOT_ALLOWED" },
      ]);
    }
    const overlay = await sign(7);
    await bench.device.stage(built);
    const staged = join(bench.device.staging.targets, `${overlay.digest}.${basename(overlay.target)}`);
    const gate = await bench.device.boot();
    for (const content of ["", "{}", (await readFile(staged, "utf8")).replace(":7", ":8"), "x".repeat(300_000)]) {
      await writeFile(staged, content);
      expect(await gate.install({ ...asked(built), overlay })).toMatchObject({
        code: expect.stringMatching(/^(OVERLAY|RELEASE)_INVALID$/),
      });
    }
    await rm(staged);
    expect(await gate.install({ ...asked(built), overlay })).toMatchObject({ code: "OVERLAY_INVALID" });
    const other = { ...overlay, digest: "f".repeat(64) };
    await writeFile(join(bench.device.staging.targets, `${other.digest}.${basename(overlay.target)}`), "{}");
    expect(await gate.install({ ...asked(built), overlay: other })).toMatchObject({
      code: "OVERLAY_SIGNATURE_INVALID",
    });
    expect(bench.device.told).toEqual([]);
  });

  test("widens nothing, also on a release that marks more than it has itself", async () => {
    const system = structuredClone(built.release.system);
    const values = { "one.network": { type: "subset" as const, of: ["mqtt", "kms"] } };
    const overlayable = { memoryBytes: 2 ** 30, values };
    built = await bench.publish(2, "release 1", { system: { ...system, overlayable } });
    expect(await install(await sign([], { values: { "one.network": [] } }))).toMatchObject({ accepted: true });
    // `kms` is the agent's alone, in every system; `mqtt` this component does not have.
    for (const network of [["kms"], ["mqtt"]]) {
      const verdict = await install(await sign([], { values: { "one.network": network } }));
      expect([network, verdict.accepted]).toEqual([network, false]);
    }
  });

  test("that the service hides from its snapshot, or does not serve, is refused with words that say so", async () => {
    const overlay = await sign(7);
    const role = join(bench.project.repoDir, "1.overlays-field.json");
    const text = await readFile(role);
    await rm(role);
    await publishOnline();
    expect(await install(overlay)).toMatchObject({
      code: "OVERLAY_SIGNATURE_INVALID",
      message: /snapshot does not name/,
    });
    await writeFile(role, text);
    await publishOnline();
    await bench.device.stage(built);
    await rm(join(bench.device.staging.metadata, "1.overlays-field.json"));
    const verdict = await (await bench.device.boot()).install({ ...asked(built), overlay });
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_METADATA_INVALID" });
    expect(await install(overlay)).toMatchObject({ accepted: true });
  });
});

const documentOf = async (target: string): Promise<string> => {
  const directory = join(bench.project.repoDir, "targets/overlays/field");
  const name = (await readdir(directory)).find((file) => file.slice(65) === basename(target));
  return join(directory, name ?? "");
};
