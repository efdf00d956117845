/** Releases that have a base system: its blobs are judged as all that a release names is, and a device that could not take them is not made to fetch them. */
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BaseSystem, releaseSchema, sha256 } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { noteMended } from "../../runtime/src/generations/mended.ts";
import { outcomeAtGreeting } from "../../runtime/src/generations/outcome-at-greeting.ts";
import { beginTrial, commit, firstRecord } from "../../runtime/src/generations/record.ts";
import { asked, useBench } from "./bench.ts";
import type { BuiltForTest } from "./project.ts";

const bench = useBench();
const [boot, root] = [Buffer.alloc(2 * 4096, "kernel"), Buffer.alloc(4096, "root")];
const part = (bytes: Buffer) => ({ digest: sha256(bytes), length: bytes.length });
const baseSystem: BaseSystem = { digest: "b".repeat(64), parts: { boot: part(boot), root: part(root) } };
const slots = { base: "a".repeat(64) };

/** Signed, published and staged, blobs and all. */
async function staged(change: Partial<BuiltForTest["release"]> = { baseSystem }): Promise<BuiltForTest> {
  const built = await bench.publish(1, "release 1", change);
  for (const bytes of [boot, root]) await writeFile(join(built.dir, "blobs", sha256(bytes)), bytes);
  await bench.device.stage(built);
  return built;
}
const endorsedBase = (built: BuiltForTest) => join(bench.device.directories.endorsed, built.digest, "base");

test("[M11] a base system is asked for, and endorsed as it is, hashed on its way; once committed nothing of it is kept", async () => {
  const built = await staged();
  const gate = await bench.device.boot({ slots });
  const blobs = [baseSystem.parts.boot, baseSystem.parts.root];
  const examined = await gate.examine(asked(built));
  expect(examined.missing).toEqual([...built.release.artifacts, ...blobs]);
  // Beside what is staged: all of it among what is endorsed, and the artifacts among what is installed.
  const bytes = built.release.artifacts.reduce((sum, { length }) => sum + length, 0);
  expect(examined.roomBytes).toBe(2 * bytes + boot.length + root.length);
  expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
  expect(await readFile(join(endorsedBase(built), sha256(boot)))).toEqual(boot);
  expect(await gate.examine(asked(built))).toMatchObject({ missing: [], roomBytes: bytes });
  // Damaged there, it is asked for anew.
  await truncate(join(endorsedBase(built), sha256(root)), 17);
  expect((await gate.examine(asked(built))).missing).toHaveLength(3);
  expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
  await gate.heard({ releaseDigest: "f".repeat(64), outcome: "committed", reason: "another" });
  expect(await readdir(endorsedBase(built))).toHaveLength(2);
  await gate.heard({ releaseDigest: built.digest, outcome: "committed", reason: "good" });
  await expect(readdir(endorsedBase(built))).rejects.toMatchObject({ code: "ENOENT" });
});

test("[M11] what a cut or a failed update left among what is endorsed takes no room of the next one; what nobody has been heard of stays", async () => {
  const { endorsed } = bench.device.directories;
  const one = await staged();
  await (await bench.device.boot({ slots })).install(asked(one));
  await mkdir(join(endorsed, `${"c".repeat(64)}.new`, "base"), { recursive: true });
  const gate = await bench.device.boot({ slots });
  expect(await readdir(endorsed)).toEqual([one.digest]);
  const two = await bench.publish(2);
  await bench.device.stage(two);
  expect(await gate.examine(asked(two))).toMatchObject({ verdict: { accepted: true } });
  expect(await readdir(endorsed)).toEqual([one.digest]);
  await gate.heard({ releaseDigest: one.digest, outcome: "rolled-back", reason: "slot b did not start" });
  // Whoever asks for it once more need not fetch it once more.
  expect((await gate.examine(asked(one))).missing).toEqual([]);
  expect(await readdir(endorsed)).toEqual([one.digest]);
  await gate.examine(asked(two));
  expect(await readdir(endorsed)).toEqual([]);
});

test("[M11] what is endorsed after it takes nothing away that the root server may be copying, however often", async () => {
  const { endorsed } = bench.device.directories;
  const one = await staged();
  const gate = await bench.device.boot({ slots });
  await gate.install(asked(one));
  const later = [];
  for (const counter of [2, 3, 4]) {
    const next = await bench.publish(counter);
    await bench.device.stage(next);
    expect(await gate.install(asked(next))).toMatchObject({ accepted: true });
    later.push(next);
  }
  const last = later.at(-1);
  if (last === undefined) throw new Error("there are three");
  await gate.examine(asked(last));
  // The root server has the first in hand, and of those that wait for it the last.
  expect((await readdir(endorsed)).toSorted()).toEqual([one.digest, last.digest].toSorted());
  expect(await readdir(endorsedBase(one))).toHaveLength(2);
  await gate.heard({ releaseDigest: one.digest, outcome: "rolled-back", reason: "slot b did not start" });
  await gate.examine(asked(last));
  expect(await readdir(endorsed)).toEqual([last.digest]);
});

test("[M11] a disk that takes no record keeps no base system for that, and what was committed is asked for again", async () => {
  const built = await staged();
  const gate = await bench.device.boot({ slots });
  await gate.install(asked(built));
  // In the place of what is written beside the record.
  const beside = join(bench.device.directories.own, "pending.json.new");
  await mkdir(beside);
  await expect(gate.heard({ releaseDigest: built.digest, outcome: "committed", reason: "good" })).rejects.toThrow();
  await expect(readdir(endorsedBase(built))).rejects.toMatchObject({ code: "ENOENT" });
  bench.device.told.length = 0;
  await bench.device.boot({ slots: { base: baseSystem.digest } });
  expect(bench.device.told).toEqual([{ kind: "activate", body: { releaseDigest: built.digest, again: true } }]);
});

test("[M11] a held release that is endorsed again keeps its base system over cuts, until it was mended from that", async () => {
  const built = await staged();
  const { release, digest } = built;
  let gate = await bench.device.boot({ slots });
  await gate.install(asked(built));
  let record = commit(
    beginTrial(firstRecord("0".repeat(64), { releaseCounter: 1, securityEpoch: 0 }), digest, release),
    release,
  );
  /** The verifier starts, and asks; the root server greets it. */
  const greet = async (isHeld: boolean) => {
    bench.device.told.length = 0;
    gate = await bench.device.boot({ slots });
    const outcome = outcomeAtGreeting(record, isHeld, Date.now());
    if (outcome) await gate.heard(outcome);
    return bench.device.told;
  };
  const again = [{ kind: "activate", body: { releaseDigest: digest, again: true } }];
  await greet(false);
  await expect(readdir(endorsedBase(built))).rejects.toMatchObject({ code: "ENOENT" });
  // Its slot is damaged, and somebody deploys it again.
  await greet(true);
  expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
  for (const _ of ["a cut", "another"]) {
    expect(await greet(true)).toEqual(again);
    expect(await readdir(endorsedBase(built))).toHaveLength(2);
  }
  record = noteMended(record);
  expect(await greet(false)).toEqual(again);
  await expect(readdir(endorsedBase(built))).rejects.toMatchObject({ code: "ENOENT" });
  expect(await greet(false)).toEqual([]);
});

test("[M11] the base system that runs already is not asked for", async () => {
  const built = await staged();
  const gate = await bench.device.boot({ slots: { base: baseSystem.digest } });
  expect((await gate.examine(asked(built))).missing).toEqual(built.release.artifacts);
  expect(await gate.install(asked(built))).toMatchObject({ accepted: true });
  expect(await readdir(endorsedBase(built))).toEqual([]);
});

test("[M11] a device without slots refuses a base system before it fetches any of it", async () => {
  const built = await staged();
  const { verdict, missing } = await (await bench.device.boot()).examine(asked(built));
  expect(verdict).toMatchObject({ accepted: false, code: "BASE_SYSTEM_UNFIT" });
  expect(missing).toEqual([]);
});

test("[M11] an altered or shortened part of a base system is refused and leaves nothing behind", async () => {
  const built = await staged();
  for (const bytes of [Buffer.alloc(4096, "evil"), root.subarray(1)]) {
    await writeFile(join(bench.device.staging.blobs, sha256(root)), bytes);
    const verdict = await (await bench.device.boot({ slots })).install(asked(built));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ARTIFACT_ALTERED" });
    expect(await readdir(bench.device.directories.endorsed)).toEqual([]);
  }
});

test.each([
  ["a length that is no whole number of blocks", { ...baseSystem.parts.boot, length: 4097 }],
  ["a length beyond all partitions", { ...baseSystem.parts.boot, length: 2 ** 30 }],
  ["more than is known of it", { ...baseSystem.parts.boot, writeTo: "/dev/mmcblk0" }],
])(
  "[M11] a base system with %s is no part of a release, for whoever signs it and for whoever judges it",
  async (_, bad) => {
    const change = { baseSystem: { ...baseSystem, parts: { ...baseSystem.parts, boot: bad } } };
    await expect(bench.publish(1, "release 1", change)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
    expect(releaseSchema.safeParse((await bench.project.build(1, "release 1", change)).release).success).toBe(false);
  },
);
