/** The command line as a person meets it: real processes, real files, exit codes. */
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, generateSigningKey, releaseSchema, sha256 } from "@bulkhead/protocol";
import { treeDigest } from "@bulkhead/runtime";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const repository = join(import.meta.dirname, "../..");
const greenhouse = join(repository, "manifests/greenhouse/manifest.yaml");
let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-cli-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const bulkhead = (...args: string[]) =>
  execa(process.execPath, [join(repository, "studio/bin/bulkhead.js"), ...args], { reject: false });

describe("bulkhead check", () => {
  test("[K1] the example is valid, in words and as JSON", async () => {
    const words = await bulkhead("check", greenhouse);
    expect([words.exitCode, words.stderr]).toEqual([0, ""]);
    expect(words.stdout).toContain("is valid");
    const json = JSON.parse((await bulkhead("check", greenhouse, "--json")).stdout);
    expect(json).toMatchObject({ ok: true, plan: { system: "greenhouse", board: "virtual" } });
  });

  test("[K1] a refused manifest names code, file, line, column and remedy, and exits 1", async () => {
    const file = join(repository, "tests/manifests/invalid/unknown-key-top-level.yaml");
    const words = await bulkhead("check", file);
    expect(words.exitCode).toBe(1);
    expect(words.stderr).toBe(
      `${file}:7:1: MANIFEST_UNKNOWN_KEY: unknown key \`componets\` at the top level\n  → did you mean \`components\`?`,
    );
    const json = await bulkhead("check", file, "--json");
    expect(json.exitCode).toBe(1);
    const place = { file, line: 7, column: 1 };
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, errors: [{ code: "MANIFEST_UNKNOWN_KEY", place }] });
  });

  test.each([
    [["check", "/nowhere/manifest.yaml"], 1, "FILE_UNREADABLE"],
    [["check"], 2, "USAGE"],
    [["chekc", greenhouse], 2, "did you mean `check`?"],
    [["check", greenhouse, "--jsno"], 2, "did you mean `--json`?"],
    [["build", greenhouse], 2, "USAGE"],
    [["build", greenhouse, "-o", "/nowhere", "--counter", "zero"], 2, "--counter zero is not an integer"],
    [
      ["root", "init", "--keys", "k", "--repository", "r", "--snapshot", "x", "--timestamp", "y"],
      2,
      "neither a key file nor a",
    ],
  ])("[S8] %j exits %i and says %s", async (args, exitCode, words) => {
    const result = await bulkhead(...args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  test("[S8] every command has a help", async () => {
    const commands = [[], ["check"], ["graph"], ["build"], ["keys"], ["keys", "init"], ["root", "init"], ["sign"]];
    for (const command of commands) {
      const result = await bulkhead(...command, "--help");
      expect([command, result.exitCode]).toEqual([command, 0]);
      expect(result.stdout).toContain("USAGE");
    }
  });
});

describe("bulkhead why, diff and resources", () => {
  test("[K+] why answers as grep does: 0 with the ways, 1 where there is none", async () => {
    const [found, none] = await Promise.all([
      bulkhead("why", greenhouse, "network", "fan"),
      bulkhead("why", greenhouse, "intruder", "fan", "--json"),
    ]);
    expect([found.exitCode, none.exitCode]).toEqual([0, 1]);
    expect(found.stdout).toContain("answers of climate.readings: telemetry.publish (weak)");
    expect(JSON.parse(none.stdout)).toEqual({ ok: true, ways: [], more: false });
  });

  test("[K+] diff answers as diff does, of a manifest with itself and with a changed one", async () => {
    const changed = join(scratch, "changed");
    await cp(join(repository, "manifests/greenhouse"), changed, { recursive: true });
    const text = await readFile(greenhouse, "utf8");
    await writeFile(join(changed, "manifest.yaml"), text.replace("memory: 64Mi", "memory: 96Mi"));
    const [same, other] = await Promise.all([
      bulkhead("diff", greenhouse, greenhouse),
      bulkhead("diff", greenhouse, join(changed, "manifest.yaml")),
    ]);
    expect([same.exitCode, other.exitCode]).toEqual([0, 1]);
    expect(other.stdout).toBe("telemetry\n  ~ memory: 64Mi → 96Mi");
  });

  test("[K5] resources adds up what a system needs", async () => {
    const json = JSON.parse((await bulkhead("resources", greenhouse, "--json")).stdout);
    const memory = json.components.map((one: { memoryBytes: number }) => one.memoryBytes);
    expect(json.sum.memoryBytes).toBe(memory.reduce((sum: number, bytes: number) => sum + bytes, 0));
  });
});

describe("bulkhead graph", () => {
  test("[K1] draws every component, channel and proxy, and prints where", async () => {
    const out = join(scratch, "graph.svg");
    const result = await bulkhead("graph", greenhouse, "-o", out);
    expect([result.exitCode, result.stdout]).toEqual([0, out]);
    const svg = await readFile(out, "utf8");
    for (const word of ["climate", "key-store", "thermometer (device)", "mqtt", "greenhouse"])
      expect(svg).toContain(word);
    expect(svg).not.toContain("NaN");
  });
});

describe("bulkhead build", () => {
  test("[S3] the same sources give the same release and papers, digest by digest, wherever and by whom it is built", async () => {
    const [one, two] = [join(scratch, "one"), join(scratch, "somewhere/else/two")];
    const other = { HOME: scratch, TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", TMPDIR: scratch };
    for (const [out, more] of [[one, {}] as const, [two, other] as const]) {
      const result = await execa({ env: { SOURCE_DATE_EPOCH: "1800000000", ...more } })("sh", [
        ...["-c", 'umask "$0"; exec "$@"', out === one ? "022" : "077"],
        ...[process.execPath, join(repository, "studio/bin/bulkhead.js")],
        ...["build", greenhouse, "-o", out, "--counter", "7", "--json"],
      ]);
      const said = JSON.parse(result.stdout);
      expect(said.releaseDigest).toBe(sha256(await readFile(join(out, "release.json"))));
      expect(said).toMatchObject({
        dateFrom: "SOURCE_DATE_EPOCH",
        packages: expect.arrayContaining([expect.stringMatching(/^mqtt@/)]),
      });
    }
    const text = await readFile(join(one, "release.json"), "utf8");
    for (const name of ["release.json", "sbom.cdx.json", "provenance.json"]) {
      expect(await readFile(join(two, name), "utf8")).toBe(await readFile(join(one, name), "utf8"));
    }
    const release = releaseSchema.parse(JSON.parse(text));
    expect(canonicalJson(release)).toBe(text);
    expect(release).toMatchObject({ releaseCounter: 7, builtAtMs: 1_800_000_000_000, board: "virtual" });
    for (const { digest, length } of release.artifacts) {
      expect(await treeDigest(join(one, "artifacts", digest))).toEqual({ digest, length });
      expect(sha256(await readFile(join(one, "blobs", digest)))).toBe(digest);
      const bundle = await readFile(join(one, "artifacts", digest, "main.js"), "utf8");
      expect(bundle).not.toContain(repository);
    }
  });

  test("[S2] a component that cannot be bundled is named, and nothing of the machine's stack is shown", async () => {
    const folder = await mkdtemp(join(repository, ".cache/bulkhead-broken-"));
    try {
      await cp(join(repository, "tests/manifests/valid/smallest.yaml"), join(folder, "manifest.yaml"));
      await cp(join(repository, "manifests/greenhouse/plant"), join(folder, "one"), { recursive: true });
      await writeFile(join(folder, "one/main.ts"), "export const component = ;\n");
      const result = await bulkhead("build", join(folder, "manifest.yaml"), "-o", join(scratch, "broken"));
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toMatch(/one\/main\.ts:1:26: BUILD_FAILED: one\/main\.ts cannot be bundled: /);
      expect(result.stderr).not.toMatch(/^\s+at /m);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("[S2] a directory that holds something else is not cleared", async () => {
    const out = await mkdtemp(join(scratch, "precious-"));
    await writeFile(join(out, "precious.txt"), "x");
    const result = await bulkhead("build", greenhouse, "-o", out);
    expect(result.exitCode).toBe(2);
    expect(await readdir(out)).toEqual(["precious.txt"]);
  });
});

describe("bulkhead keys, root and sign", () => {
  let asked: string[] = [];
  beforeAll(async () => {
    const file = join(scratch, "passphrase");
    await writeFile(file, "correct horse battery staple\n", { mode: 0o600 });
    asked = ["--passphrase-file", file];
  });
  const { publicKey } = generateSigningKey();
  const online = ["--snapshot", publicKey, "--timestamp", publicKey];

  test("[M11] keys are readable by their owner only and never overwritten; a release is signed with them", async () => {
    const [keys, repo, out] = [join(scratch, "keys"), join(scratch, "repository"), join(scratch, "release")];
    expect((await bulkhead("keys", "init", keys, ...asked)).exitCode).toBe(0);
    for (const name of await readdir(keys)) expect((await stat(join(keys, name))).mode & 0o777).toBe(0o600);
    const again = await bulkhead("keys", "init", keys, ...asked);
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining("is not empty")]);
    const from = ["--keys", keys, "--repository", repo, ...asked];
    expect((await bulkhead("root", "init", ...from, ...online)).exitCode).toBe(0);
    expect((await bulkhead("build", greenhouse, "-o", out)).exitCode).toBe(0);
    // Nothing is readable for the world because nobody thought of it.
    const unsaid = await bulkhead("sign", out, ...from);
    expect([unsaid.exitCode, unsaid.stderr]).toEqual([1, expect.stringMatching(/^RECIPIENT_MISSING.*\n.*--recipient/)]);
    const signed = await bulkhead("sign", out, ...from, "--readable", "--json");
    const { target, releaseDigest } = JSON.parse(signed.stdout);
    expect(target).toBe("greenhouse-1.json");
    expect(sha256(await readFile(join(repo, "targets", `${releaseDigest}.${target}`)))).toBe(releaseDigest);
    const targets = JSON.parse(await readFile(join(repo, "1.targets.json"), "utf8"));
    expect(targets.signed.targets[target]).toMatchObject({
      hashes: { sha256: releaseDigest },
      custom: { releaseCounter: 1 },
    });
  });

  test("[M11] a key file that others can read is refused", async () => {
    const keys = join(scratch, "loose-keys");
    expect((await bulkhead("keys", "init", keys, ...asked)).exitCode).toBe(0);
    for (const name of await readdir(keys)) await execa("chmod", ["644", join(keys, name)]);
    const result = await bulkhead(
      "root",
      "init",
      "--keys",
      keys,
      "--repository",
      join(scratch, "r2"),
      ...online,
      ...asked,
    );
    expect([result.exitCode, result.stderr]).toEqual([1, expect.stringContaining("KEYS_INVALID")]);
  });
});
