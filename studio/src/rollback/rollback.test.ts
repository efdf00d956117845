/** `bulkhead rollback` as it is typed: what it shows and asks before it signs, and what it refuses to sign. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, generateSigningKey, type Release } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { typed } from "../cli/testing/typed.ts";
import { initKeys } from "../keys/index.ts";
import { createKeyFile } from "../keys/key-file.ts";
import { developmentRing } from "../keys/key-ring.ts";
import { initRepository, signRelease } from "../sign/index.ts";

let directory = "";
const at = (name: string) => join(directory, name);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-rollback-"));
  await initKeys(at("keys"), "development");
  const [snapshotKey, timestampKey] = [generateSigningKey().publicKey, generateSigningKey().publicKey];
  await initRepository(await developmentRing(at("keys")), at("repository"), { snapshotKey, timestampKey });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function sign(releaseCounter: number, securityEpoch: number, recipients?: readonly string[]): Promise<void> {
  const release: Release = {
    ...{ format: 1, name: "example", version: "1.0.0", releaseCounter, securityEpoch, board: "virtual" },
    ...{ builtAtMs: 0, system: plainSystem({ system: "example" }), artifacts: [] },
  };
  await mkdir(at("out"), { recursive: true });
  await writeFile(at("out/release.json"), canonicalJson(release));
  const keys = await developmentRing(at("keys"));
  await signRelease({ keys, repoDir: at("repository"), releaseDir: at("out"), recipients });
}

const back = (target: string, ...more: string[]) =>
  typed("rollback", target, "--repository", at("repository"), "--development", ...more);
const withKeys = (target: string, ...more: string[]) => back(target, "--keys", at("keys"), ...more);
const lists = async () => (await readdir(at("repository"))).filter((name) => name.endsWith(".targets.json")).length;
const facts = { target: "example-1.json", rollbackFrom: 3, withdrawn: ["example-2.json", "example-3.json"] };

describe("[M11] bulkhead rollback", () => {
  test("shows how far it reaches and what is withdrawn, and asks: where nobody can be asked nothing is signed", async () => {
    for (const counter of [1, 2, 3]) await sign(counter, 0);
    const unasked = await withKeys("example-1.json", "--json");
    expect(unasked.code).toBe(2);
    expect(JSON.parse(unasked.out)).toMatchObject({
      errors: [{ code: "USAGE", remedy: expect.stringContaining("--yes") }],
    });
    for (const words of ["up to 3 may go back", "withdrawn: example-2.json, example-3.json", "cannot be taken back"])
      expect(unasked.err).toContain(words);
    expect(await lists()).toBe(3);
    const agreed = await withKeys("example-1.json", "--yes", "--json");
    expect([agreed.code, JSON.parse(agreed.out)]).toMatchObject([0, { ...facts, targetsVersion: 4, unread: [] }]);
    expect(agreed.err).toContain("withdrawn: example-2.json, example-3.json");
  });

  test("writes a request without a question where no key signs it, and its result says the same", async () => {
    for (const counter of [1, 2, 3]) await sign(counter, 0);
    const prepared = await back("example-1.json", "--prepare", at("request"), "--json");
    expect([prepared.code, JSON.parse(prepared.out)]).toMatchObject([0, { ...facts, request: at("request") }]);
    expect((await withKeys("example-1.json", "--prepare", at("signed"))).code).toBe(2);
    expect(await readdir(directory)).not.toContain("signed");
  });

  test("signs no way back that a device cannot take, for the security epoch of what is withdrawn", async () => {
    await sign(1, 4);
    await sign(2, 5);
    await sign(3, 4);
    const { code, out } = await withKeys("example-1.json", "--yes", "--json");
    expect([code, JSON.parse(out).errors]).toMatchObject([
      1,
      [
        {
          code: "RELEASE_ROLLBACK",
          message: expect.stringMatching(/example-1\.json has security epoch 4.*example-2\.json.* 5/),
          remedy: expect.stringContaining("--epoch 5"),
        },
      ],
    ]);
    expect(await lists()).toBe(3);
    expect((await withKeys("example-2.json", "--yes")).code).toBe(0);
  });

  test("[S3] says which epochs it could not read; with the deployment's key it reads them", async () => {
    const house = await createKeyFile(at("house.json"), "deployment", "development");
    await sign(1, 0);
    await sign(2, 1, [house.publicKey]);
    const prepare = (...more: string[]) => back("example-1.json", "--prepare", at("request"), "--json", ...more);
    const blind = await prepare();
    expect(JSON.parse(blind.out)).toMatchObject({ ok: true, unread: ["example-2.json"] });
    expect(blind.err).toMatch(/example-2\.json could not be read.*security epoch/);
    const seeing = await prepare("--deployment-key", at("house.json"));
    expect(JSON.parse(seeing.out)).toMatchObject({ ok: false, errors: [{ code: "RELEASE_ROLLBACK" }] });
  });
});
