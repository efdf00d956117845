/** What the studio refuses to sign. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@bulkhead/protocol";
import { developmentRing, initKeys, rotateRoot } from "@bulkhead/studio";
import { describe, expect, test } from "vitest";
import { useBench } from "./bench.ts";
import { publicHalves, signOnline } from "./project.ts";

const bench = useBench();

describe("signing", () => {
  test("[M11] a counter that is signed cannot be signed again for another content", async () => {
    await bench.publish(1, "one");
    const other = await bench.project.build(1, "two");
    await expect(bench.project.sign(other)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
  });

  test("[M11] a paper is signed beside the release, and no device takes it for one", async () => {
    const built = await bench.project.build(1, "one");
    const hashes = [{ alg: "SHA-256", content: built.digest }];
    const bill = JSON.stringify({ bomFormat: "CycloneDX", metadata: { component: { hashes } }, components: [] });
    await writeFile(join(built.dir, "sbom.cdx.json"), bill);
    await bench.project.sign(built);
    await signOnline(bench.project.repoDir, bench.project.online, { version: 1 });
    expect(await bench.install(built)).toMatchObject({ accepted: true });
    const paper = { target: "example-1.sbom.cdx.json", releaseDigest: sha256(bill) };
    await writeFile(join(bench.device.staging.targets, `${paper.releaseDigest}.${paper.target}`), bill);
    const verdict = await (await bench.device.boot()).install(paper);
    expect(verdict).toMatchObject({ accepted: false, code: "RELEASE_INVALID" });
  });

  test("[M11] keys that the root does not name cannot sign", async () => {
    const keysDir = join(bench.project.root, "other-keys");
    await initKeys(keysDir, "development");
    await expect(bench.project.sign(await bench.project.build(1, "x"), keysDir)).rejects.toMatchObject({
      code: "KEYS_INVALID",
    });
  });

  test("[M11] a root needs two of the three root keys, and two are enough", async () => {
    await rm(join(bench.project.keysDir, "root-1.json"));
    expect(
      await rotateRoot(await developmentRing(bench.project.keysDir), bench.project.repoDir, {
        online: publicHalves(bench.project.online),
      }),
    ).toMatchObject({
      version: 2,
    });
    await rm(join(bench.project.keysDir, "root-2.json"));
    await expect(
      rotateRoot(await developmentRing(bench.project.keysDir), bench.project.repoDir, {
        online: publicHalves(bench.project.online),
      }),
    ).rejects.toMatchObject({
      code: "KEYS_INVALID",
    });
    expect(await bench.install(await bench.publish(1))).toMatchObject({ accepted: true });
  });

  test("[M11] an online key of small order is refused when the root is signed", async () => {
    const snapshotKey = Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url");
    const online = { ...publicHalves(bench.project.online), snapshotKey };
    await expect(
      rotateRoot(await developmentRing(bench.project.keysDir), bench.project.repoDir, { online }),
    ).rejects.toMatchObject({
      code: "KEY_WEAK",
    });
  });
});
