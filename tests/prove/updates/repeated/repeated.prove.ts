/** That a build can be repeated: on what is another machine in all that a build could notice, with the same bytes; and that a change is found. */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkout, type Elsewhere, openElsewhere } from "./elsewhere.ts";

const isRoot = process.getuid?.() === 0;
let scratch: string;
let elsewhere: Elsewhere;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-repeated-"));
  elsewhere = await openElsewhere();
});
afterEach(async () => {
  await elsewhere.remove();
  await rm(scratch, { recursive: true, force: true });
});

const program = join(checkout, "studio/bin/bulkhead.js");
const here = async (...args: string[]) => {
  const env = { SOURCE_DATE_EPOCH: "1800000000" };
  const { stdout, exitCode } = await execa(process.execPath, [program, ...args], { env, reject: false });
  return { exitCode, said: JSON.parse(stdout) };
};

/** A project of its own, outside of any work tree, that finds the packages of the checkout. */
async function projectOf(system: string): Promise<string> {
  const folder = join(scratch, "project");
  await cp(join(checkout, "manifests", system), folder, { recursive: true });
  await symlink(join(checkout, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Without what this host cannot build: the guest needs a kernel that a script fetches, and is built elsewhere. */
async function withoutGuest(project: string): Promise<void> {
  const file = join(project, "manifest.yaml");
  const text = await readFile(file, "utf8");
  const guest = /^ {2}# The program of `c` once more[\s\S]*?(?=^ {2}# The station of)/m;
  expect(text).toMatch(guest);
  await writeFile(file, text.replace(guest, "").replaceAll("vm.ring", "worker.ring"));
}

async function digests(out: string): Promise<Record<string, string>> {
  const { stdout } = await execa("sh", ["-c", "find . -type f -exec sha256sum {} +"], { cwd: out });
  return Object.fromEntries(stdout.split("\n").map((line) => [line.slice(66), line.slice(0, 64)]));
}

async function twice(project: string, as: "other" | "same"): Promise<void> {
  const out = join(scratch, "out");
  const args = (folder: string, to: string) => [
    "build",
    join(folder, "manifest.yaml"),
    "-o",
    to,
    "--counter",
    "3",
    "--json",
  ];
  await here(...args(project, out));
  const copied = await elsewhere.copy(project);
  await elsewhere.bulkhead(args(copied, elsewhere.out), as);
  expect(await elsewhere.sandboxes()).toBeGreaterThanOrEqual(1);
  const [one, other] = [await digests(out), await digests(elsewhere.out)];
  expect(Object.keys(one).length).toBeGreaterThan(20);
  expect(other).toEqual(one);
}

describe.skipIf(!isRoot)("[S3] the same sources, built on what is another machine, have the same bytes", () => {
  test("the clock there is more than a year ahead, in the sandbox too", async () => {
    expect((await elsewhere.nowMs()) - Date.now()).toBeGreaterThan(365 * 24 * 3600 * 1000);
  });

  test("the example, by another user: release, artifacts, bill of materials and provenance", async () => {
    await twice(await projectOf("greenhouse"), "other");
  });

  test("one component of each language, by the same user, in whose home directory the compilers of Rust can be", async () => {
    const project = await projectOf("polyglot");
    await withoutGuest(project);
    await twice(project, "same");
  });
});

describe("[S3] a release that is built anew to see whether it is the same", () => {
  test("is the same; and where one component's source differs that one is named, with file and byte, and the others are not", async () => {
    const project = await projectOf("greenhouse");
    const [manifest, out] = [join(project, "manifest.yaml"), join(scratch, "out")];
    await here("build", manifest, "-o", out, "--json");
    const verify = () => here("build", manifest, "--verify", out, "--json");
    expect(await verify()).toMatchObject({ exitCode: 0, said: { same: true, differences: [], notCompared: [] } });
    const file = join(project, "moisture/main.ts");
    const source = await readFile(file, "utf8");
    await writeFile(file, `${source}\nconsole.log("one more line");\n`);
    const { exitCode, said } = await verify();
    expect([exitCode, said.same]).toEqual([1, false]);
    const named = said.differences.filter((one: { in: string }) => one.in === "component");
    expect(named).toEqual([
      {
        ...{ in: "component", component: "moisture", path: "main.js", what: "has other bytes" },
        ...{ offset: expect.any(Number), was: expect.any(String), is: expect.any(String) },
      },
    ]);
    await writeFile(file, source);
    const [artifact = ""] = await readdir(join(out, "artifacts"));
    await writeFile(join(out, "artifacts", artifact, "main.js"), "altered");
    expect((await verify()).said.differences).toMatchObject([
      { in: "component", what: "altered since it was built" },
      { in: "component", path: "main.js", what: "has other bytes", offset: 0 },
    ]);
  });

  test("is known by its name and its digest in the repository, where the signed papers are compared as well", async () => {
    const project = await projectOf("beacon");
    const [manifest, out, keys, repository] = ["manifest.yaml", "out", "keys", "repository"].map((name) =>
      join(name === "manifest.yaml" ? project : scratch, name),
    ) as [string, string, string, string];
    const [snapshot, timestamp] = [generateSigningKey().publicKey, generateSigningKey().publicKey];
    const mine = ["--keys", keys, "--repository", repository, "--development", "--json"];
    const run = async (...args: string[]) => {
      const answer = await here(...args);
      expect(answer, JSON.stringify(answer.said)).toMatchObject({ exitCode: 0, said: { ok: true } });
      return answer.said;
    };
    const { releaseDigest } = await run("build", manifest, "-o", out, "--json");
    await run("keys", "init", keys, "--development", "--json");
    await run("root", "init", ...mine, "--snapshot", snapshot, "--timestamp", timestamp);
    await run("sign", out, ...mine);
    for (const name of ["beacon-1.json", releaseDigest]) {
      expect(await run("build", manifest, "--verify", name, "--repository", repository, "--json")).toMatchObject({
        same: true,
      });
    }
    const builder = join(scratch, "builder.json");
    const { publicKey } = await run("keys", "new", builder, "--role", "builder", "--development", "--json");
    await run(
      "build",
      manifest,
      "-o",
      join(scratch, "next"),
      "--counter",
      "2",
      "--keys",
      builder,
      "--development",
      "--json",
    );
    const request = join(scratch, "next.request");
    await run("sign", join(scratch, "next"), "--repository", repository, "--prepare", request, "--json");
    const { summary } = await run("request", "show", request, "--json");
    expect(summary.papers).toMatchObject([{ kind: "sbom" }, { kind: "provenance", builder: publicKey }]);
    const targets = join(repository, "targets");
    const paper = (await readdir(targets)).find((name) => name.endsWith(".sbom.cdx.json")) ?? "";
    await writeFile(join(targets, paper), "{}");
    const { said } = await here("build", manifest, "--verify", "beacon-1.json", "--repository", repository, "--json");
    expect(said).toMatchObject({ ok: false, errors: [{ code: "RELEASE_ARTIFACT_ALTERED" }] });
  });
});
