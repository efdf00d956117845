import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bulkheadDirectory } from "../../locations.ts";
import { commitOf } from "../commit.ts";
import { dateOf } from "../date.ts";
import { buildInSandbox } from "./index.ts";
import { projectOf } from "./places.ts";
import { sandboxOf } from "./sandbox.ts";

let scratch: string;
let home: string;
let server: Server;
let calls = 0;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), "bulkhead-confined-")));
  home = join(scratch, "home");
  await mkdir(home);
  await writeFile(join(home, "secret.ts"), 'export const secret = "secret";\n');
  server = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterAll(async () => {
  server.close();
  await rm(scratch, { recursive: true, force: true });
});

let projects = 0;
/** A system of one component, whose module is `code`. */
async function project(code: string): Promise<string> {
  const folder = join(home, `project-${projects++}`);
  await mkdir(join(folder, "one"), { recursive: true });
  const manifest =
    "system: example\nversion: 1.0.0\nboard: virtual\ncomponents:\n  one: { image: ./one, runner: node }\n";
  await writeFile(join(folder, "manifest.yaml"), manifest);
  await writeFile(
    join(folder, "one/main.ts"),
    `${code}\nexport const component = { uses: {}, provides: {}, start() {} };\n`,
  );
  // The SDK is found as in any project that has it.
  await symlink(join(bulkheadDirectory, "node_modules"), join(folder, "node_modules"));
  return join(folder, "manifest.yaml");
}
const build = async (code: string) =>
  buildInSandbox({ manifest: await project(code), outDir: join(scratch, "out"), releaseCounter: 1, builtAtMs: 0 });

describe("[S3] a build", () => {
  test("reaches no network: not even code that runs in it, and not the builder's own machine", async () => {
    const { port } = server.address() as { port: number };
    const code = `
      import { connect } from "node:net";
      const how = await new Promise((done) => {
        const socket = connect(${port}, "127.0.0.1", () => done("REACHED"));
        socket.on("error", ({ code }) => done(code));
      });
      throw new Error(\`it was \${how}\`);`;
    await expect(build(code)).rejects.toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringMatching(/it was ECONNREFUSED|it was ENETUNREACH/),
    });
    expect(calls).toBe(0);
  });

  test("sees its project and nothing else of the home directory that it lies in", async () => {
    await expect(build('import { secret } from "../../secret.ts";\nconsole.log(secret);')).rejects.toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("secret.ts"),
    });
  });

  test("writes to its directory only, and has nothing of the environment", async () => {
    const outDir = join(scratch, "place");
    await mkdir(outDir);
    const places = { readOnly: [home], programs: [] };
    const commands = `touch ${outDir}/written; touch ${home}/written /usr/written 2>&1; env; id -u; ls /root /home 2>&1`;
    const { stdout } = await execa("bwrap", [...sandboxOf(places, outDir), "--", "sh", "-c", commands], {
      env: { SOURCE_DATE_EPOCH: "1", TZ: "Asia/Tokyo", LANG: "tr_TR.UTF-8", SECRET: "secret" },
      reject: false,
    });
    expect(stdout.match(/Read-only file system/g)).toHaveLength(2);
    expect(stdout).not.toMatch(/Tokyo|tr_TR|SECRET|SOURCE_DATE_EPOCH/);
    const { stdout: written } = await execa("ls", [outDir]);
    expect(written).toBe("written");
  });

  test("is refused with a code where the machine allows no sandbox", async () => {
    const folder = join(scratch, "refusing");
    await mkdir(folder, { recursive: true });
    const program = "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n";
    await writeFile(join(folder, "bwrap"), program, { mode: 0o755 });
    const { PATH } = process.env;
    process.env["PATH"] = `${folder}:${PATH}`;
    try {
      await expect(build("")).rejects.toMatchObject({
        code: "BUILD_UNCONFINED",
        message: "bubblewrap says: setting up uid map: Permission denied",
      });
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});

describe("[S3] the date of a release", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(scratch, "dated-"));
  });
  const git = (...args: string[]) => {
    const who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
    return execa("git", [...who, ...args], { cwd: folder, env: { GIT_COMMITTER_DATE: "1700000000 +0900" } });
  };

  test("is what SOURCE_DATE_EPOCH says, else that of the newest commit, and says when it is neither", async () => {
    expect(await dateOf(folder, { SOURCE_DATE_EPOCH: "12" })).toEqual({ ms: 12_000, from: "SOURCE_DATE_EPOCH" });
    expect(await dateOf(folder, {})).toMatchObject({ from: "clock" });
    await git("init", "-q");
    await git("commit", "-q", "--allow-empty", "-m", "one");
    expect(await dateOf(folder, {})).toEqual({ ms: 1_700_000_000_000, from: "commit" });
    await expect(dateOf(folder, { SOURCE_DATE_EPOCH: "yesterday" })).rejects.toMatchObject({
      code: "ENVIRONMENT_INVALID",
    });
    await mkdir(join(folder, "a/system"), { recursive: true });
    expect(await projectOf(join(folder, "a/system"))).toBe(folder);
  });

  test("runs nothing that a repository's own settings name: with its files' times changed, git asks its filter for each", async () => {
    const marker = join(scratch, "marker");
    await git("init", "-q");
    await writeFile(join(folder, ".gitattributes"), "* filter=theirs\n");
    await writeFile(join(folder, "one.ts"), "1\n");
    await git("add", ".");
    await git("commit", "-q", "-m", "one");
    await git("config", "filter.theirs.clean", `touch ${marker}; cat`);
    await utimes(join(folder, "one.ts"), 1, 1);
    expect(await commitOf(folder)).toMatchObject({ top: folder, isChanged: false });
    expect(existsSync(marker)).toBe(false);
    // It is asked where nothing keeps it: the test would see it.
    await git("status", "--porcelain");
    expect(existsSync(marker)).toBe(true);
    await writeFile(join(folder, "one.ts"), "2\n");
    expect(await commitOf(folder)).toMatchObject({ isChanged: true });
    // A second work tree of it has the repository elsewhere.
    await git("worktree", "add", "-q", join(scratch, "second"));
    expect(await commitOf(join(scratch, "second"))).toMatchObject({ top: join(scratch, "second"), isChanged: false });
  });

  test("a project ends below the home directory, whatever lies in that", async () => {
    const { HOME } = process.env;
    process.env["HOME"] = folder;
    try {
      await git("init", "-q");
      await git("commit", "-q", "--allow-empty", "-m", "dotfiles");
      await mkdir(join(folder, "a/system"), { recursive: true });
      await writeFile(join(folder, "package-lock.json"), "{}");
      expect(await projectOf(join(folder, "a/system"))).toBe(join(folder, "a/system"));
      await mkdir(join(folder, "a/node_modules"));
      expect(await projectOf(join(folder, "a/system"))).toBe(join(folder, "a"));
      await mkdir(join(folder, "a/system/node_modules"));
      await writeFile(join(folder, "a/package-lock.json"), "{}");
      expect(await projectOf(join(folder, "a/system"))).toBe(join(folder, "a"));
    } finally {
      process.env["HOME"] = HOME;
    }
  });
});
