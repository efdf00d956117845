/** What is admitted to a device and what is not, whatever the verifier said of it. */
import { constants } from "node:fs";
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, type InstalledRelease, sha256 } from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Device } from "../device/index.ts";
import { installFactoryRelease } from "./install.ts";
import { openLedger } from "./ledger.ts";
import { readRecord, writeRecord } from "./slots.ts";
import { chooseOf } from "./testing/chosen.ts";
import { treeDigest } from "./tree/index.ts";

let dataDir: string;
let lines: string[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "bulkhead-ledger-"));
  await mkdir(join(dataDir, "releases"));
  lines = [];
});
afterEach(() => rm(dataDir, { recursive: true }));

const release = (releaseCounter: number, more: Partial<InstalledRelease> = {}): InstalledRelease => ({
  ...{ format: 1, name: "spec", version: "1.0.0", securityEpoch: 0, board: "virtual", builtAtMs: 0, artifacts: [] },
  releaseCounter,
  system: plainSystem({ system: "spec" }),
  ...more,
});

/** As the verifier does. */
async function endorse(what: InstalledRelease): Promise<string> {
  const text = canonicalJson(what);
  const digest = sha256(text);
  await mkdir(join(dataDir, "endorsed", digest, "artifacts"), { recursive: true });
  await writeFile(join(dataDir, "endorsed", digest, "release.json"), text);
  return digest;
}

/** A device that runs `first`, from the disk as it is. */
async function boot(first?: InstalledRelease) {
  if (first) await installFactoryRelease(dataDir, first, dataDir);
  return openLedger({
    config: { dataDir, board: "virtual" },
    paths: { endorsed: join(dataDir, "endorsed") },
    log: { line: (text: string) => lines.push(text) },
    slots: null,
  } as unknown as Device);
}

/** Tries a release and finds it good. */
async function update(ledger: Awaited<ReturnType<typeof boot>>, what: InstalledRelease): Promise<string> {
  const digest = await endorse(what);
  await ledger.admit(digest);
  await ledger.choose();
  await ledger.commitTrial(what);
  return digest;
}

describe("[M11] below what was committed", () => {
  const back = release(4);

  /** At 5, and at the epoch of that. */
  async function committed(): Promise<Awaited<ReturnType<typeof boot>>> {
    const ledger = await boot(release(3, { version: "0.9.0" }));
    await update(ledger, release(5));
    return ledger;
  }

  test("a release is admitted by a statement that reaches as far, and what was committed stays the floor", async () => {
    const ledger = await committed();
    const digest = await endorse(back);
    for (const rollbackFrom of [undefined, 4]) {
      await expect(ledger.admit(digest, { rollbackFrom })).rejects.toMatchObject({
        code: "RELEASE_ROLLBACK",
        message: expect.stringMatching(/counter is 4, and 5 was/),
      });
    }
    await ledger.admit(digest, { rollbackFrom: 5 });
    await ledger.choose();
    await ledger.commitTrial(back);
    expect(ledger.record()).toMatchObject({ releaseCounterFloor: 5, current: { digest, releaseCounter: 4 } });
    // Back again, or to what lies between, is a way down from 5 as before.
    for (const counter of [3, 5]) {
      const other = await endorse(release(counter, { version: "2.0.0" }));
      await expect(ledger.admit(other)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
    }
    await update(ledger, release(6));
    expect(ledger.record().releaseCounterFloor).toBe(6);
    await expect(ledger.admit(digest, { rollbackFrom: 5 })).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
  });

  test("an earlier security epoch is admitted by no statement", async () => {
    const ledger = await boot(release(5, { securityEpoch: 2 }));
    const older = await endorse(release(4, { securityEpoch: 1 }));
    await expect(ledger.admit(older, { rollbackFrom: 9 })).rejects.toMatchObject({
      code: "RELEASE_ROLLBACK",
      message: expect.stringContaining("epoch"),
    });
  });

  test("what is put on the release that runs is admitted without one, and so is that release alone again", async () => {
    const ledger = await committed();
    expect(await ledger.goBack("it does not stay up")).toBeNull();
    expect(ledger.record()).toMatchObject({ releaseCounterFloor: 5, current: { releaseCounter: 3 } });
    const base = ledger.record().current.digest;
    for (const overlayCounter of [1, 2]) {
      await update(
        ledger,
        release(3, { version: "0.9.0", overlay: { name: "warmer", base, overlayCounter, digest: "e".repeat(64) } }),
      );
    }
    await update(ledger, release(3, { version: "0.9.0" }));
    expect(ledger.record()).toMatchObject({ releaseCounterFloor: 5, current: { digest: base, generation: 5 } });
  });

  test("another release with the counter of the one that runs is not", async () => {
    const ledger = await committed();
    await ledger.goBack("it does not stay up");
    const base = "d".repeat(64);
    for (const other of [{}, { overlay: { name: "warmer", base, overlayCounter: 1, digest: "e".repeat(64) } }]) {
      const digest = await endorse(release(3, { version: "0.9.1", ...other }));
      await expect(ledger.admit(digest)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
    }
  });

  test("the release that was left is not gone up to again, whoever asks for the previous one", async () => {
    const ledger = await committed();
    await ledger.admit(await endorse(back), { rollbackFrom: 5 });
    await ledger.choose();
    await ledger.commitTrial(back);
    expect(await ledger.goBack("it does not stay up")).toBe("there is none");
    expect(ledger.record()).toMatchObject({ current: { releaseCounter: 4 }, previous: null, bad: [] });
    expect(await readdir(join(dataDir, "releases"))).toEqual([ledger.record().current.digest]);
  });
});

describe("[M11] an endorsed release is not admitted", () => {
  const unlisted = plainSystem({
    components: { stray: plainComponent({ image: { artifact: "f".repeat(64), source: "./stray" } }) },
  });
  test.each([
    ["of another board", release(6, { board: "pi" }), "RELEASE_WRONG_BOARD"],
    [
      "that requires a security primitive which this machine has not",
      release(6, { securityEpoch: 2, system: plainSystem({ requires: ["caam"] }) }),
      "RELEASE_PRIMITIVE_LACKING",
    ],
    ["with a lower counter", release(4, { securityEpoch: 2 }), "RELEASE_ROLLBACK"],
    ["of an earlier security epoch", release(6, { securityEpoch: 1 }), "RELEASE_ROLLBACK"],
    ["that does not list an artifact it needs", release(6, { securityEpoch: 2, system: unlisted }), "RELEASE_INVALID"],
  ])("%s, and nothing of the record is changed", async (_, what, code) => {
    const ledger = await boot(release(5, { securityEpoch: 2 }));
    const before = ledger.record();
    await expect(ledger.admit(await endorse(what))).rejects.toMatchObject({ code });
    expect([ledger.record(), await readRecord(dataDir)]).toEqual([before, before]);
  });

  test("while another is on trial, or once it was tried in vain", async () => {
    const ledger = await boot(release(1));
    const [bad, next] = [await endorse(release(2)), await endorse(release(3))];
    await ledger.admit(bad);
    await expect(ledger.admit(next)).rejects.toMatchObject({ code: "CONFLICT" });
    await ledger.rollBackTrial("it did not start");
    await expect(ledger.admit(bad)).rejects.toMatchObject({
      code: "RELEASE_FAILED_TO_START",
      message: expect.stringMatching(/^it was tried before: it did not start; it can be tried again from 20/),
    });
    await ledger.admit(next);
    expect((await readRecord(dataDir))?.trying).toMatchObject({ digest: next });
  });

  test("before its wait is over; of one that failed while the clock was ahead that begins when it is asked for, and is on the disk", async () => {
    const failed = sha256("a release that hangs");
    const ledger = await boot(release(1));
    const entry = { digest: failed, reason: "it hangs", atMs: Date.now() + 10 * 365 * 24 * 3600 * 1000 };
    await writeRecord(dataDir, { ...ledger.record(), bad: [entry] });
    await expect((await boot()).admit(failed)).rejects.toMatchObject({ code: "RELEASE_FAILED_TO_START" });
    const [dated] = (await readRecord(dataDir))?.bad ?? [];
    expect(dated?.atMs).toBeLessThanOrEqual(Date.now());
    expect(dated?.reason).toBe("it hangs");
  });

  test("where a giant, or a pipe, lies in the place of its document: nobody waits, and nothing is left of it", async () => {
    const ledger = await boot(release(1));
    const digest = await endorse(release(2));
    const file = join(dataDir, "endorsed", digest, "release.json");
    await writeFile(file, Buffer.alloc(4 * 1024 * 1024 + 1, 0x20));
    await expect(ledger.admit(digest)).rejects.toMatchObject({ code: "RELEASE_INVALID" });
    await rm(file);
    await execa("mkfifo", [file]);
    // A writer that never comes would be waited for.
    const refused = ledger.admit(digest).then(
      () => "admitted",
      ({ code }: { code: string }) => code,
    );
    expect(await refused).toBe("RELEASE_INVALID");
    expect(await readdir(join(dataDir, "releases"))).toHaveLength(1);
  });

  test("in part: where an artifact is not what it says, what was copied of it goes at once", async () => {
    const ledger = await boot(release(1));
    const artifact = { digest: "e".repeat(64), length: 1 };
    const digest = await endorse(release(2, { artifacts: [artifact] }));
    const tree = join(dataDir, "endorsed", digest, "artifacts", artifact.digest);
    await mkdir(tree);
    await writeFile(join(tree, "main.js"), "evil");
    await expect(ledger.admit(digest)).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    expect(await readdir(join(dataDir, "releases"))).toHaveLength(1);
  });
});

/** Where a first release is installed from. */
async function makeTree(content: string) {
  const tree = join(dataDir, "tree");
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, "main.js"), content);
  const artifact = await treeDigest(tree);
  await cp(tree, join(dataDir, artifact.digest), { recursive: true });
  return artifact;
}

test("[M11] what was endorsed under the generation before, which had its artifacts, is admitted after a commit that needs none of them", async () => {
  const artifact = await makeTree("good");
  const ledger = await boot(release(5, { artifacts: [artifact] }));
  await ledger.admit(await endorse(release(4)), { rollbackFrom: 5 });
  const waits = await endorse(release(6, { artifacts: [artifact] }));
  await ledger.choose();
  await ledger.commitTrial(release(4), [], true);
  await ledger.admit(waits);
  expect(await chooseOf(ledger)).toMatchObject({ onTrial: true, run: { digest: waits } });
  await ledger.commitTrial(release(6));
  expect(await readdir(join(dataDir, "releases"))).toHaveLength(2);
});

describe("[M11] a pinned release", () => {
  /** Flashed, and two updates ago; it alone has the artifact. */
  async function pinned() {
    const [artifact, other] = [await makeTree("good"), await makeTree("good as well")];
    const what = release(1, { artifacts: [artifact, other], system: plainSystem({ update: { pinned: true } }) });
    const ledger = await boot(what);
    const { digest } = ledger.record().current;
    await update(ledger, release(2));
    await update(ledger, release(3));
    const file = join(dataDir, "releases", digest, "artifacts", artifact.digest, "main.js");
    return { digest, artifacts: [artifact.digest, other.digest], file };
  }

  test("stays installed over updates, is gone back to without its artifacts, and is not what anything falls back to", async () => {
    const { digest, artifacts } = await pinned();
    const ledger = await boot();
    expect(await chooseOf(ledger)).toMatchObject({ onTrial: false, pinnedArtifacts: artifacts });
    expect(await readdir(join(dataDir, "releases"))).toContain(digest);
    expect(await ledger.goBack("it is bad")).toBeNull();
    expect(ledger.record().current.releaseCounter).toBe(2);
    expect(await ledger.goBack("that too")).toBe("there is none");
    await ledger.admit(await endorse((await pinnedRelease(digest)) as InstalledRelease), { rollbackFrom: 3 });
    expect(await chooseOf(ledger)).toMatchObject({ run: { digest }, onTrial: true, pinnedArtifacts: [] });
  });

  const pinnedRelease = async (digest: string): Promise<unknown> =>
    JSON.parse(await readFile(join(dataDir, "releases", digest, "release.json"), "utf8"));

  test("offers nothing where the disk has damaged a part of it, nor what the next commit takes away", async () => {
    const { artifacts, file } = await pinned();
    const ledger = await boot();
    await ledger.admit(await endorse(release(4, { system: plainSystem({ update: { pinned: true } }) })));
    expect(await chooseOf(ledger)).toMatchObject({ onTrial: true, pinnedArtifacts: [] });
    await ledger.rollBackTrial("it hangs");
    expect(await chooseOf(ledger)).toMatchObject({ onTrial: false, pinnedArtifacts: artifacts });
    await ledger.admit(await endorse(release(4, { securityEpoch: 1 })));
    expect(await chooseOf(ledger)).toMatchObject({ onTrial: true, pinnedArtifacts: [] });
    await ledger.rollBackTrial("it hangs");
    await writeFile(file, "evil");
    expect(await chooseOf(ledger)).toMatchObject({ onTrial: false, pinnedArtifacts: [] });
  });

  test("goes at the commit of another", async () => {
    const { digest } = await pinned();
    const ledger = await boot();
    const next = await update(ledger, release(4, { system: plainSystem({ update: { pinned: true } }) }));
    expect(await readdir(join(dataDir, "releases"))).not.toContain(digest);
    expect(ledger.record().pinned?.digest).toBe(next);
  });
});

describe("[K22] the way back", () => {
  test("leads to the previous generation, but not below the security epoch that the device has reached", async () => {
    const ledger = await boot(release(1));
    await update(ledger, release(2));
    await update(ledger, release(3, { securityEpoch: 1 }));
    const before = ledger.record();
    expect(await ledger.goBack("it is bad")).toBe("its security epoch 0 is below 1");
    expect(ledger.record()).toEqual(before);
  });

  /** The second raises the epoch, and has an artifact that the disk then damages. */
  async function damagedAboveEpoch() {
    const tree = join(dataDir, "tree");
    await mkdir(tree);
    await writeFile(join(tree, "main.js"), "good");
    const artifact = await treeDigest(tree);
    const ledger = await boot(release(1));
    const what = release(2, { securityEpoch: 1, artifacts: [artifact] });
    const digest = await endorse(what);
    await cp(tree, join(dataDir, "endorsed", digest, "artifacts", artifact.digest), { recursive: true });
    await update(ledger, what);
    await writeFile(join(dataDir, "releases", digest, "artifacts", artifact.digest, "main.js"), "evil");
    return { digest, what };
  }

  test("does not lead below the security epoch from a damaged release either: of that, what is intact is held, and it can be mended", async () => {
    const { digest, what } = await damagedAboveEpoch();
    const ledger = await boot();
    const before = ledger.record();
    const chosen = await chooseOf(ledger);
    expect(chosen).toMatchObject({ run: { digest }, onTrial: false, release: { ...what, artifacts: [] } });
    expect(chosen.held).toMatch(/^the artifact .* cannot take its place: its security epoch 0 is below 1$/);
    expect(ledger.record()).toEqual(before);
    const { artifacts } = what;
    const next = await update(ledger, release(3, { securityEpoch: 1 }));
    expect(artifacts).toHaveLength(1);
    const healed = await chooseOf(await boot());
    expect([healed.run.digest, healed.held]).toEqual([next, undefined]);
  });

  test("is not needed where what is damaged is brought again: a cut in the middle of that leaves a release that can be mended", async () => {
    const { digest, what } = await damagedAboveEpoch();
    const ledger = await boot();
    expect((await chooseOf(ledger)).held).toBeDefined();
    const [artifact] = what.artifacts;
    const endorsed = join(dataDir, "endorsed", digest, "artifacts", artifact?.digest ?? "");
    // What was brought is no better: nothing is exchanged for it.
    await writeFile(join(endorsed, "main.js"), "worse");
    await expect(ledger.mend()).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    expect((await chooseOf(await boot())).held).toBeDefined();
    await writeFile(join(endorsed, "main.js"), "good");
    // As a cut between the two leaves it.
    await rm(join(dataDir, "releases", digest, "artifacts", artifact?.digest ?? ""), { recursive: true });
    expect((await chooseOf(await boot())).held).toBeDefined();
    await ledger.mend();
    expect(await readRecord(dataDir)).toMatchObject({ mended: 2, lastOutcome: { releaseDigest: digest } });
    const after = await boot();
    const whole = await chooseOf(after);
    expect([whole.run.digest, whole.held]).toEqual([digest, undefined]);
    expect(after.record()).toMatchObject({ lastOutcome: { releaseDigest: digest, outcome: "committed" } });
    expect(after.record().mended).toBeUndefined();
    expect(await readdir(join(dataDir, "releases"))).not.toContain(`${digest}.new`);
  });

  test("ends where of a damaged release not even the document is left, and the one before it is below the epoch, or is none", async () => {
    const { digest } = await damagedAboveEpoch();
    await writeFile(join(dataDir, "releases", digest, "release.json"), "{}");
    await expect((await boot()).choose()).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    expect((await readRecord(dataDir))?.current.digest).toBe(digest);
  });

  test("is not cleared away before the disk says that it is not needed", async () => {
    const ledger = await boot(release(1));
    await update(ledger, release(2));
    const [oldest] = [sha256(canonicalJson(release(1)))];
    const digest = await endorse(release(3));
    await ledger.admit(digest);
    await ledger.choose();
    // In the place of what is written beside each slot: the record finds no room.
    for (const slot of ["a.new", "b.new"]) await mkdir(join(dataDir, "state", slot));
    await ledger.commitTrial(release(3));
    expect(ledger.record().current).toMatchObject({ digest });
    expect(lines).toEqual([expect.stringMatching(/^the record of generations cannot be written/)]);
    for (const slot of ["a.new", "b.new"]) await rm(join(dataDir, "state", slot), { recursive: true });
    // A power cut: what the disk says is started, and what it may go back to is there.
    const again = await boot();
    expect((await chooseOf(again)).run).toMatchObject({ digest });
    await again.rollBackTrial("the power went");
    expect(await again.goBack("it is bad")).toBeNull();
    expect((await chooseOf(again)).run).toMatchObject({ digest: oldest });
    await access(join(dataDir, "releases", oldest), constants.R_OK);
  });

  test("costs no room that is needed: what no generation needs goes with the next that is good", async () => {
    const ledger = await boot(release(1));
    const kept = [await update(ledger, release(2)), await update(ledger, release(3))];
    expect((await readdir(join(dataDir, "releases"))).sort()).toEqual(kept.sort());
    expect(await readFile(join(dataDir, "releases", kept[0] ?? "", "release.json"), "utf8")).toContain("spec");
  });
});
