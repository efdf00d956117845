/** Attacks on the metadata, and power cuts in the middle of keeping it. */
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateSigningKey } from "@bulkhead/protocol";
import { developmentRing, rotateRoot } from "@bulkhead/studio";
import { describe, expect, test } from "vitest";
import { asked, useBench } from "./bench.ts";
import { publicHalves, signOnline } from "./project.ts";

const bench = useBench();

describe("TUF metadata on the device", () => {
  test("[M11] an expired timestamp is refused, and works again when the service signs a new one", async () => {
    const built = await bench.project.build(1, "x");
    await bench.project.sign(built);
    await signOnline(bench.project.repoDir, bench.project.online, { version: 1, expiresInMs: -5_000 });
    expect(await bench.install(built)).toMatchObject({ code: "RELEASE_METADATA_EXPIRED" });
    await signOnline(bench.project.repoDir, bench.project.online, { version: 2 });
    expect(await bench.install(built)).toMatchObject({ accepted: true });
  });

  test("[M11] a clock that was turned back does not make expired metadata good: the floor is what was signed", async () => {
    const first = await bench.publish(1);
    expect(await bench.install(first)).toMatchObject({ accepted: true });
    const second = await bench.project.build(2, "y");
    await bench.project.sign(second);
    await signOnline(bench.project.repoDir, bench.project.online, { version: 2, expiresInMs: -90_000 });
    // Before the expiry by the turned clock, after it by the build time of the first release (a minute ago).
    bench.device.clock.offsetMs = -3_600_000;
    expect(await bench.install(second)).toMatchObject({ code: "RELEASE_METADATA_EXPIRED" });
  });

  test("[M11] a host clock far ahead makes metadata expire but does not raise the floor", async () => {
    const built = await bench.publish(1);
    bench.device.clock.offsetMs = 100 * 365 * 86_400_000;
    expect(await bench.install(built)).toMatchObject({ code: "RELEASE_METADATA_EXPIRED" });
    bench.device.clock.offsetMs = 0;
    expect(await bench.install(built)).toMatchObject({ accepted: true });
  });

  test("[M11] a replayed older timestamp is refused, also after a restart of the verifier", async () => {
    const first = await bench.publish(1);
    const replayed = await readFile(join(bench.project.repoDir, "timestamp.json"));
    const second = await bench.publish(2);
    expect(await bench.install(second)).toMatchObject({ accepted: true });
    await bench.device.stage(first);
    await writeFile(join(bench.device.staging.metadata, "timestamp.json"), replayed);
    const verdict = await (await bench.device.boot()).install(asked(first));
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
    expect(verdict.message).toContain("older");
  });

  test("[M11] a service whose online keys were stolen cannot point back to older targets", async () => {
    await bench.publish(1);
    const second = await bench.publish(2);
    expect(await bench.install(second)).toMatchObject({ accepted: true });
    await signOnline(bench.project.repoDir, bench.project.online, { version: 3, targetsVersion: 1 });
    expect(await bench.install(second)).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
  });

  test("[M11] targets of one state beside the snapshot of another are refused: nobody mixes and matches", async () => {
    await bench.publish(1);
    const older = await readFile(join(bench.project.repoDir, "1.targets.json"));
    const second = await bench.publish(2);
    await bench.device.stage(second);
    // By the name that the snapshot asks for, with the bytes of before.
    await writeFile(join(bench.device.staging.metadata, "2.targets.json"), older);
    expect(await (await bench.device.boot()).install(asked(second))).toMatchObject({
      code: "RELEASE_METADATA_INVALID",
    });
    expect(await bench.install(second)).toMatchObject({ accepted: true });
  });

  test.each(["timestamp.json", "2.snapshot.json", "1.targets.json", "2.root.json"])(
    "[M11] a %s without end is not read to its end",
    async (name) => {
      const second = await bench.publish(2);
      await bench.device.stage(second);
      const file = join(bench.device.staging.metadata, name);
      await writeFile(file, "{");
      // Sparse: who reads all of it needs more memory than there is.
      await truncate(file, 1024 ** 4);
      const verdict = await (await bench.device.boot()).install(asked(second));
      expect(verdict.accepted).toBe(false);
      expect(verdict.message).toMatch(`${name} has 1099511627776 bytes, and at most`);
      await rm(file);
      expect(await bench.install(second)).toMatchObject({ accepted: true });
    },
  );

  test.each([
    ["a year behind", -365 * 86_400_000, { accepted: true }],
    ["a year ahead", 365 * 86_400_000, { code: "RELEASE_METADATA_EXPIRED" }],
  ])("[M11] with a clock that is %s updates go on, or do so when it is right again", async (_, offsetMs, met) => {
    expect(await bench.install(await bench.publish(1))).toMatchObject({ accepted: true });
    const second = await bench.publish(2);
    bench.device.clock.offsetMs = offsetMs;
    expect(await bench.install(second)).toMatchObject(met);
    bench.device.clock.offsetMs = 0;
    expect(await bench.install(second)).toMatchObject({ accepted: true });
    expect(await bench.install(await bench.publish(3))).toMatchObject({ accepted: true });
  });

  test("[M11] root rotation: new online keys take over, the old ones are refused", async () => {
    const first = await bench.publish(1);
    expect(await bench.install(first)).toMatchObject({ accepted: true });
    const fresh = { snapshot: generateSigningKey(), timestamp: generateSigningKey() };
    await rotateRoot(await developmentRing(bench.project.keysDir), bench.project.repoDir, {
      online: publicHalves(fresh),
    });
    const second = await bench.project.build(2, "y");
    await bench.project.sign(second);
    await signOnline(bench.project.repoDir, bench.project.online, { version: 2 });
    expect(await bench.install(second)).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    await signOnline(bench.project.repoDir, fresh, { version: 2 });
    expect(await bench.install(second)).toMatchObject({ accepted: true });
  });

  test("[M11] fast-forward by a thief of the online keys is undone by rotating them", async () => {
    const first = await bench.publish(1);
    await signOnline(bench.project.repoDir, bench.project.online, { version: 900_000 });
    expect(await bench.install(first)).toMatchObject({ accepted: true });
    await signOnline(bench.project.repoDir, bench.project.online, { version: 2 });
    expect(await bench.install(first)).toMatchObject({ code: "RELEASE_ROLLBACK" });
    const fresh = { snapshot: generateSigningKey(), timestamp: generateSigningKey() };
    await rotateRoot(await developmentRing(bench.project.keysDir), bench.project.repoDir, {
      online: publicHalves(fresh),
    });
    await signOnline(bench.project.repoDir, fresh, { version: 2 });
    expect(await bench.install(first)).toMatchObject({ accepted: true });
  });

  test("[M11] a root with one signature of two is refused", async () => {
    const built = await bench.publish(1);
    await rotateRoot(await developmentRing(bench.project.keysDir), bench.project.repoDir, {
      online: publicHalves(bench.project.online),
    });
    const file = join(bench.project.repoDir, "2.root.json");
    const root = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...root, signatures: root.signatures.slice(0, 1) }));
    const verdict = await bench.install(built);
    expect(verdict).toMatchObject({ code: "RELEASE_SIGNATURE_INVALID" });
    expect(verdict.message).toContain("1/2 keys");
  });

  test.each(["root.json", "timestamp.json", "snapshot.json", "targets.json", "generation.json"])(
    "[M11] a power cut that truncated %s costs one generation of memory, not the updates",
    async (name) => {
      expect(await bench.install(await bench.publish(1))).toMatchObject({ accepted: true });
      expect(await bench.install(await bench.publish(2))).toMatchObject({ accepted: true });
      await truncate(join(bench.device.directories.own, "tuf/2", name), 20);
      const third = await bench.publish(3);
      expect(await bench.install(third)).toMatchObject({ accepted: true });
      expect(bench.device.lines.join()).toContain("generation 2 is damaged");
    },
  );

  test("[M11] with every generation damaged, trust starts again at the pinned root", async () => {
    expect(await bench.install(await bench.publish(1))).toMatchObject({ accepted: true });
    await truncate(join(bench.device.directories.own, "tuf/1/root.json"), 0);
    expect(await bench.install(await bench.publish(2))).toMatchObject({ accepted: true });
  });

  test("[M11] refused metadata leaves what was trusted as it was", async () => {
    expect(await bench.install(await bench.publish(1))).toMatchObject({ accepted: true });
    const before = await readdir(join(bench.device.directories.own, "tuf"));
    const second = await bench.publish(2);
    await bench.device.stage(second);
    await writeFile(join(bench.device.staging.metadata, "2.targets.json"), "{}");
    expect(await (await bench.device.boot()).install(asked(second))).toMatchObject({
      code: "RELEASE_METADATA_INVALID",
    });
    expect((await readdir(join(bench.device.directories.own, "tuf"))).filter((name) => name !== "new")).toEqual(
      before.filter((name) => name !== "new"),
    );
  });

  test("[M11] a pinned root with a key of small order is refused at the start", async () => {
    const root = JSON.parse(bench.device.config.provisioning.tufRoot);
    const [id = ""] = Object.keys(root.signed.keys);
    root.signed.keys[id].keyval.public = `01${"00".repeat(31)}`;
    const provisioning = { ...bench.device.config.provisioning, tufRoot: JSON.stringify(root) };
    await expect(bench.device.boot({ provisioning })).rejects.toMatchObject({ code: "KEY_WEAK" });
  });
});
