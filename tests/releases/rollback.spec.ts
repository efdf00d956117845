/** Rollback statements, from the keys of the project to what the verifier tells the root server. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OverlayName } from "@bulkhead/protocol";
import { developmentRing, signTargets } from "@bulkhead/studio";
import { describe, expect, test } from "vitest";
import { asked, useBench } from "./bench.ts";
import { type BuiltForTest, signOnline } from "./project.ts";
import { delegateOverlays, signOverlay } from "./sign-overlay.ts";

const bench = useBench();

const floor = (releaseCounterFloor: number) => ({ releaseCounterFloor });

async function onlyEndorsed(): Promise<string> {
  const [digest = "", ...more] = await readdir(bench.device.directories.endorsed);
  expect(more).toEqual([]);
  return digest;
}

/** Signs that devices may go back to `built`, and publishes that as metadata `version`. */
async function stateRollback(built: BuiltForTest, version: number): Promise<void> {
  const { keysDir, repoDir, online } = bench.project;
  await signTargets(await developmentRing(keysDir), repoDir, { rollbackTo: built.target });
  await signOnline(repoDir, online, { version });
}

/** Signs an overlay for `built`, and publishes that as metadata `version`. */
async function signWarmer(built: BuiltForTest, version: number): Promise<OverlayName> {
  const { repoDir, online } = bench.project;
  const key = await delegateOverlays(bench.project, "field");
  const warmer = { overlay: "warmer", deployment: "field", base: built.digest, values: { "one.config.level": 7 } };
  const overlay = await signOverlay(repoDir, key, warmer, built.release);
  await signOnline(repoDir, online, { version });
  return overlay;
}

describe("[M11] an earlier release", () => {
  test("is taken by a device that has committed as far as the statement says, and the root server is told how far", async () => {
    const [one] = [await bench.publish(1), await bench.publish(2), await bench.publish(3)];
    await stateRollback(one, 4);
    await bench.device.stage(one);
    expect(await (await bench.device.boot(floor(3))).install(asked(one))).toMatchObject({ accepted: true });
    const body = { releaseDigest: one.digest, rollbackFrom: 3 };
    expect(bench.device.told).toEqual([{ kind: "activate", body }]);
    // Whoever had no time to hear of it hears all of it.
    await bench.device.boot(floor(3));
    expect(bench.device.told.at(-1)).toEqual({ kind: "activate", body: { ...body, again: true } });
    expect(await (await bench.device.boot(floor(2))).install(asked(one))).toMatchObject({ accepted: true });
  });

  test("with an overlay is refused without a statement, and taken with one, of which the root server is told", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    const overlay = await signWarmer(one, 4);
    await bench.device.stage(one);
    expect(await (await bench.device.boot(floor(3))).install({ ...asked(one), overlay })).toMatchObject({
      ...{ accepted: false, code: "RELEASE_ROLLBACK" },
    });
    expect(bench.device.told).toEqual([]);
    await stateRollback(one, 5);
    await bench.device.stage(one);
    expect(await (await bench.device.boot(floor(3))).install({ ...asked(one), overlay })).toMatchObject({
      accepted: true,
    });
    const releaseDigest = await onlyEndorsed();
    expect(releaseDigest).not.toBe(one.digest);
    expect(bench.device.told).toEqual([{ kind: "activate", body: { releaseDigest, rollbackFrom: 3 } }]);
  });

  test("that was endorsed before its statement was signed, and is again with it, is told with it also after a cut", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    await bench.install(one);
    await stateRollback(one, 4);
    await bench.device.stage(one);
    await (await bench.device.boot(floor(3))).install(asked(one));
    await bench.device.boot(floor(3));
    const body = { releaseDigest: one.digest, rollbackFrom: 3, again: true };
    expect(bench.device.told.at(-1)).toEqual({ kind: "activate", body });
  });

  test("is refused by one that has come further, in words that say how far the statement reaches", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    await stateRollback(one, 4);
    await bench.device.stage(one);
    const verdict = await (await bench.device.boot(floor(5))).install(asked(one));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toMatch(/counter 1.* at 5.*up to 3/);
    expect(bench.device.told).toEqual([]);
  });

  test("is refused where its security epoch is below the device's, whatever is stated", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    await stateRollback(one, 4);
    await bench.device.stage(one);
    const verdict = await (await bench.device.boot({ ...floor(3), securityEpoch: 1 })).install(asked(one));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toContain("epoch");
  });

  test("is refused when the management service writes the statement itself", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    const file = join(bench.project.repoDir, "2.targets.json");
    const json = JSON.parse(await readFile(file, "utf8"));
    json.signed.targets[one.target].custom.rollbackFrom = 9;
    await writeFile(file, JSON.stringify(json));
    await signOnline(bench.project.repoDir, bench.project.online, { version: 4 });
    await bench.device.stage(one);
    expect(await (await bench.device.boot(floor(3))).install(asked(one))).toMatchObject({
      accepted: false,
      code: "RELEASE_SIGNATURE_INVALID",
    });
  });

  test("is refused again once a release beyond it is signed, and the metadata of before is not taken back", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    await stateRollback(one, 4);
    await bench.device.stage(one);
    await (await bench.device.boot(floor(1))).examine(asked(one));
    const before = bench.device.staging.metadata;
    const stated = await readFile(join(before, "timestamp.json"));
    await bench.publish(5);
    await bench.device.stage(one);
    expect(await (await bench.device.boot(floor(3))).install(asked(one))).toMatchObject({ code: "RELEASE_ROLLBACK" });
    await writeFile(join(before, "timestamp.json"), stated);
    expect(await (await bench.device.boot(floor(3))).install(asked(one))).toMatchObject({ code: "RELEASE_ROLLBACK" });
  });

  test("that runs is asked for again without a statement", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    await bench.device.stage(one);
    const runs = { ...floor(3), currentReleaseDigest: one.digest };
    expect(await (await bench.device.boot(runs)).install(asked(one))).toMatchObject({ accepted: true });
  });

  test("that runs is taken with an overlay, without a statement", async () => {
    const [one] = [await bench.publish(1), await bench.publish(3)];
    const overlay = await signWarmer(one, 4);
    await bench.device.stage(one);
    const runs = { ...floor(3), currentReleaseDigest: one.digest };
    expect(await (await bench.device.boot(runs)).install({ ...asked(one), overlay })).toMatchObject({ accepted: true });
    expect(bench.device.told).toEqual([{ kind: "activate", body: { releaseDigest: await onlyEndorsed() } }]);
  });

  test("leaves those after it unsigned: nobody brings them to a device that has them not", async () => {
    const [one, two] = [await bench.publish(1), await bench.publish(2)];
    await stateRollback(one, 4);
    await bench.device.stage(two);
    expect(await (await bench.device.boot(floor(1))).install(asked(two))).toMatchObject({
      accepted: false,
      code: "RELEASE_SIGNATURE_INVALID",
    });
  });
});
