/** Thresholds and rotations as the studio signs them and the real verifier judges them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateSigningKey, type KeyPair } from "@bulkhead/protocol";
import { Metadata, MetadataKind } from "@tufjs/models";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFloorClock } from "../../runtime/src/verifier/clock-floor.ts";
import { refreshMetadata } from "../../runtime/src/verifier/metadata.ts";
import { openMetadataStore } from "../../runtime/src/verifier/metadata-store.ts";
import { memorySigner } from "../../studio/src/keys/signer.ts";
import { addSignature, publishRequest } from "../../studio/src/sign/ceremony.ts";
import { prepareFirstRoot, prepareNextRoot, prepareTargets } from "../../studio/src/sign/prepare.ts";
import type { SigningRequest } from "../../studio/src/sign/request.ts";
import { asked } from "./bench.ts";
import { createDevice, createProject, publicHalves, signOnline } from "./project.ts";

const pairs = (count: number): KeyPair[] => Array.from({ length: count }, generateSigningKey);
const halves = (keys: readonly KeyPair[]): string[] => keys.map(({ publicKey }) => publicKey);
const signAll = (request: SigningRequest, keys: readonly KeyPair[]): Promise<SigningRequest> =>
  keys.reduce(async (before, key) => addSignature(await before, memorySigner(key)), Promise.resolve(request));

let scratch = "";
let project: Awaited<ReturnType<typeof createProject>>;
beforeAll(async () => {
  project = await createProject();
  scratch = project.root;
});
afterAll(() => project.remove());

const keyCount = 4;
const roots = pairs(3);
const targets = pairs(keyCount);

/** A repository whose targets take `threshold` of four keys, and its next targets, which nobody has signed. */
async function unsigned(threshold: number): Promise<{ directory: string; request: SigningRequest }> {
  const directory = await mkdtemp(join(scratch, "threshold-"));
  const content = {
    rootKeys: halves(roots),
    targetsKeys: halves(targets),
    targetsThreshold: threshold,
    online: publicHalves(project.online),
    development: false,
  };
  await publishRequest(await signAll(await prepareFirstRoot(directory, content), roots.slice(0, 2)), directory);
  return { directory, request: await prepareTargets(directory, {}) };
}

/** What the verifier says of targets with these signatures, whatever the studio thinks of them. */
async function judge(directory: string, text: string): Promise<string> {
  const own = await mkdtemp(join(scratch, "own-"));
  try {
    await writeFile(join(directory, "1.targets.json"), text);
    await signOnline(directory, project.online, { version: 1 });
    const store = await openMetadataStore(own, await readFile(join(directory, "1.root.json"), "utf8"));
    await refreshMetadata(store, directory, await openFloorClock(own, 0), { target: "nothing.json" });
    return "accepted";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

describe("[M11] thresholds at the real verifier", () => {
  test("any signatures below the threshold are refused and any at or above are accepted, strangers' ones never count", async () => {
    const prepared = await Promise.all([1, 2, 3, 4].map(unsigned));
    const signed = await Promise.all(prepared.map(({ request }) => signAll(request, targets)));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: keyCount }),
        fc.subarray([...targets.keys()]),
        fc.constantFrom("none", "stranger", "other"),
        async (threshold, signers, others) => {
          const { directory = "", request } = prepared[threshold - 1] ?? {};
          const all = Object.values(signed[threshold - 1]?.metadata.signatures ?? {});
          // Those of the other keys are there too, and do not hold.
          const instead = (at: number): string[] =>
            ({ none: [], stranger: ["ab".repeat(64)], other: [all[(at + 1) % keyCount]?.sig ?? ""] })[others];
          const signatures = all.flatMap(({ keyID, sig }, at) =>
            (signers.includes(at) ? [sig] : instead(at)).map((one) => ({ keyid: keyID, sig: one })),
          );
          const json = { ...request?.metadata.toJSON(), signatures };
          const verdict = await judge(directory, JSON.stringify(json));
          expect(verdict).toBe(signers.length >= threshold ? "accepted" : "RELEASE_SIGNATURE_INVALID");
        },
      ),
      { numRuns: 24 },
    );
  });

  test("a signature that is there twice counts for nothing: such metadata is refused", async () => {
    const { directory, request } = await unsigned(2);
    const signed = (await signAll(request, targets.slice(0, 1))).metadata.toJSON() as { signatures: object[] };
    const twice = JSON.stringify({ ...signed, signatures: [...signed.signatures, ...signed.signatures] });
    expect(await judge(directory, twice)).toBe("RELEASE_METADATA_INVALID");
  });

  test("one key under two ids, which would count twice, is refused in delegations as it is in a root", async () => {
    const { directory, request } = await unsigned(1);
    const { publicKey } = generateSigningKey();
    const delegation = { to: "operators" as const, keys: [publicKey], threshold: 1 };
    const delegated = await signAll(await prepareTargets(directory, { delegation }), targets.slice(0, 1));
    expect(await judge(directory, JSON.stringify(delegated.metadata.toJSON()))).toBe("accepted");
    const twice = request.metadata.toJSON() as { signed: Record<string, unknown> };
    const { delegations } = (delegated.metadata.toJSON() as { signed: { delegations: Delegations } }).signed;
    const [[id = "", key] = []] = Object.entries(delegations.keys);
    const forms: unknown[] = [
      {
        keys: { [id]: key, ["0".repeat(64)]: key },
        roles: [{ ...delegations.roles[0], keyids: [id, "0".repeat(64)], threshold: 2 }],
      },
      { ...delegations, keys: { [id]: { ...key, keyval: { public: `01${"00".repeat(31)}` } } } },
      { ...delegations, roles: [{ ...delegations.roles[0], terminating: false }] },
      { ...delegations, roles: [{ ...delegations.roles[0], paths: ["**"] }] },
      { ...delegations, roles: [{ ...delegations.roles[0], name: "overlays-field" }] },
    ];
    for (const form of forms) {
      const signed = { ...twice, signed: { ...twice.signed, delegations: form }, signatures: [] };
      const metadata = Metadata.fromJSON(MetadataKind.Targets, signed as never);
      const again = await signAll({ ...request, metadata }, targets.slice(0, 1));
      expect(await judge(directory, JSON.stringify(again.metadata.toJSON()))).toBe("RELEASE_METADATA_INVALID");
    }
  });
});
type Delegations = { keys: Record<string, { keyval: object }>; roles: object[] };

describe("[M11] rotations at the real verifier", () => {
  test("a device that slept through four rotations follows the chain to keys of which it knew none", async () => {
    const directory = project.repoDir;
    const device = await createDevice(project);
    const { keys } = await import("@bulkhead/studio").then(({ developmentRing }) => developmentRing(project.keysDir));
    const secret = (role: string) =>
      keys.flatMap(({ role: own, publicKey, kept }) =>
        own === role && kept.as === "development" ? [{ publicKey, privateKey: kept.privateKey }] : [],
      );
    let [root, target] = [secret("root"), secret("targets")];
    let online = project.online;
    for (let round = 0; round < 4; round++) {
      const [fresh, freshTargets] = [pairs(3), pairs(2)];
      online = { snapshot: generateSigningKey(), timestamp: generateSigningKey() };
      const request = await prepareNextRoot(directory, {
        addRoot: halves(fresh),
        removeRoot: halves(root),
        addTargets: halves(freshTargets),
        removeTargets: halves(target),
        targetsThreshold: 2,
        rootThreshold: 3,
        online: publicHalves(online),
      });
      await publishRequest(await signAll(request, [...root, ...fresh]), directory);
      [root, target] = [fresh, freshTargets];
    }
    const built = await project.build(1, "after four rotations");
    const request = await prepareTargets(directory, { releaseDir: built.dir });
    await publishRequest(await signAll(request, target), directory);
    await signOnline(directory, project.online, { version: 1 });
    await device.stage(built);
    expect(await (await device.boot()).install(asked(built))).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    await signOnline(directory, online, { version: 2 });
    await device.stage(built);
    await rm(join(device.staging.metadata, "3.root.json"));
    expect(await (await device.boot()).install(asked(built))).toMatchObject({ accepted: false });
    await device.stage(built);
    expect(await (await device.boot()).install(asked(built))).toMatchObject({ accepted: true });
  });

  test("a root that only the new keys signed, or only the old ones, is not followed", async () => {
    const { directory } = await unsigned(1);
    const fresh = pairs(3);
    const request = await prepareNextRoot(directory, { addRoot: halves(fresh), removeRoot: halves(roots) });
    const signed = await signAll(await prepareTargets(directory, {}), targets.slice(0, 1));
    const text = JSON.stringify(signed.metadata.toJSON());
    for (const [signers, verdict] of [
      [fresh, "RELEASE_SIGNATURE_INVALID"],
      [roots, "RELEASE_SIGNATURE_INVALID"],
      [[...roots.slice(0, 2), ...fresh.slice(0, 2)], "accepted"],
    ] as const) {
      const next = await signAll(request, signers);
      await writeFile(join(directory, "2.root.json"), JSON.stringify(next.metadata.toJSON()));
      expect(await judge(directory, text)).toBe(verdict);
    }
  });
});
