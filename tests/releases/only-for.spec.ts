/** For whom a release is, from the keys that sign it to the verifier of a device that it is brought to. */
import { readdir } from "node:fs/promises";
import type { OnlyFor } from "@bulkhead/protocol";
import { developmentRing, signRelease } from "@bulkhead/studio";
import { describe, expect, test } from "vitest";
import { asked, useBench } from "./bench.ts";
import { type BuiltForTest, signOnline } from "./project.ts";

const bench = useBench();
let version = 0;

async function signedFor(built: BuiltForTest, onlyFor?: OnlyFor | null): Promise<void> {
  const { keysDir, repoDir, online } = bench.project;
  await signRelease({ keys: await developmentRing(keysDir), repoDir, releaseDir: built.dir, onlyFor });
  version += 1;
  await signOnline(repoDir, online, { version });
}

/** The verdict of a device in `deployment`. */
async function install(built: BuiltForTest, deployment = "barn") {
  const { provisioning } = bench.device.config;
  await bench.device.stage(built);
  const gate = await bench.device.boot({ provisioning: { ...provisioning, deployment } });
  return gate.install(asked(built));
}

const ownId = () => bench.device.config.provisioning.deviceId;
const other = "d-ffffffffffffffff";
const accepted = { accepted: true, code: null };
const refused = { accepted: false, code: "RELEASE_WRONG_DEVICE" };

describe("[M11] a release", () => {
  test("for a deployment is refused on the devices of others, whoever brings it, and nothing of it is kept", async () => {
    const built = await bench.project.build(1, "release 1");
    await signedFor(built, { deployments: ["field", "house"] });
    expect(await install(built)).toMatchObject(refused);
    expect(bench.device.told).toEqual([]);
    expect(await readdir(bench.device.directories.endorsed)).toEqual([]);
    expect(await install(built, "house")).toMatchObject(accepted);
  });

  test("for devices is refused on others, of the same deployment too", async () => {
    const built = await bench.project.build(1, "release 1");
    await signedFor(built, { deployments: ["field"], devices: [other] });
    expect(await install(built, "field")).toMatchObject(refused);
    await signedFor(built, { deployments: ["field"], devices: [other, ownId()] });
    expect(await install(built, "field")).toMatchObject(accepted);
    expect(await install(built)).toMatchObject(refused);
  });

  test("is for whom the one before it was, until it is said otherwise", async () => {
    const build = (counter: number) => bench.project.build(counter, `release ${counter}`);
    const [first, second, third] = [await build(1), await build(2), await build(3)];
    await signedFor(first, { deployments: ["field"] });
    await signedFor(second);
    expect(await install(second)).toMatchObject(refused);
    expect(await install(second, "field")).toMatchObject(accepted);
    await signedFor(third, null);
    expect(await install(third)).toMatchObject(accepted);
  });

  test("that was for all and is signed anew for some is for those from then on", async () => {
    const built = await bench.project.build(1, "release 1");
    await signedFor(built);
    expect(await install(built)).toMatchObject(accepted);
    await signedFor(built, { devices: [other] });
    expect(await install(built)).toMatchObject(refused);
  });
});
