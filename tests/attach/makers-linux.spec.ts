/** The operator's program where Bulkhead runs beside a maker's Linux: this host is that Linux, and a root of its own has Node and the programs. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { initCommand } from "../../runtime/src/device/init-command.ts";
import { bundle } from "../../studio/src/build/bundle.ts";
import { recipeDir } from "../../studio/src/image/places.ts";

const ours = "/usr/lib/bulkhead";
const here = import.meta.dirname;
let directory: string;
let rootServer: ReturnType<typeof startRootServer>;

/** In a root where nothing of this host's files is but what programs are made of, /proc and /run, as the unit has it. */
async function rootOf(platform: string): Promise<string[]> {
  const libraries = (await readdir("/usr/lib"))
    .filter((name) => name.endsWith("-linux-gnu"))
    .map((name) => `lib/${name}`);
  const shown = ["bin", "sbin", "lib64", ...libraries].map((name) => `/usr/${name}`);
  return [
    ...["bwrap", "--die-with-parent", "--cap-add", "ALL", "--tmpfs", "/", "--dev-bind", "/proc", "/proc"],
    ...["--dev-bind", "/dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/tmp"],
    ...["bin", "sbin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]),
    ...shown.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--ro-bind", process.execPath, `${ours}/node`, "--ro-bind", platform, `${ours}/platform`],
    ...["--ro-bind", join(directory, "root-server.json"), `${ours}/root-server.json`, "--"],
  ];
}

function startRootServer([command = "", ...argv]: readonly string[]) {
  const words = [...initCommand, `${ours}/node`, "--v8-pool-size=1", `${ours}/platform/root-server.js`, "--config"];
  return execa(command, [...argv, ...words, `${ours}/root-server.json`], { reject: false });
}

/** What systemd has for the unit: the first process in that root. */
async function mainPid(): Promise<number> {
  await new Promise((resolve, reject) => {
    rootServer.stdout.once("data", resolve);
    rootServer.then((ended) => reject(new Error(`it ended: ${ended.stderr}`)));
  });
  const { pid = Number.NaN } = rootServer;
  return Number(await readFile(`/proc/${pid}/task/${pid}/children`, "utf8"));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-makers-"));
  const platform = join(directory, "platform");
  await bundle("program", join(here, "../../runtime/src/operator-tool/main.ts"), join(platform, "operator.js"));
  await bundle("program", join(here, "desk-alone.ts"), join(platform, "root-server.js"));
  const config = {
    ...{ format: 1, instance: "board", board: "portenta-x8", dataDir: "/data", platformDir: `${ours}/platform` },
    ...{ runDir: "/run/bulkhead", nodePath: `${ours}/node`, uidBase: 20_000 },
  };
  await writeFile(join(directory, "root-server.json"), JSON.stringify(config));
  await mkdir(join(directory, "stick"));
  await writeFile(join(directory, "stick/x.bulkhead"), "a release");
});
afterAll(async () => {
  rootServer?.kill();
  await rootServer;
  await rm(directory, { recursive: true, force: true });
});

/** What systemd says of the unit, for it is not this host's first process. */
async function operator(pid: number, argv: readonly string[], cwd = directory) {
  const programs = join(directory, "bin");
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, "systemctl"), `#!/bin/sh\necho ${pid}\n`, { mode: 0o755 });
  const env = { PATH: `${programs}:${process.env["PATH"]}` };
  const { exitCode, stderr } = await execa(join(recipeDir, "archive/operator"), argv, { cwd, env, reject: false });
  return { exitCode, stderr };
}

describe.runIf(process.getuid?.() === 0)("[M11] [K2] on a maker's Linux the operator's program", () => {
  test("says so where nothing runs", async () => {
    const answer = await operator(0, ["import", "stick/x.bulkhead"]);
    expect(answer).toEqual({ exitCode: 1, stderr: expect.stringContaining("bulkhead-root-server does not run") });
  });

  test("finds the root server in its root, and the file where who asks has it", async () => {
    rootServer = startRootServer(await rootOf(join(directory, "platform")));
    const pid = await mainPid();
    const stick = join(directory, "stick");
    const refused = { exitCode: 1, stderr: expect.stringContaining("nobody is there for import") };
    expect(await operator(pid, ["import", "x.bulkhead"], stick)).toEqual(refused);
    expect(await operator(pid, ["import", join(stick, "x.bulkhead")])).toEqual(refused);
    const missing = { exitCode: 1, stderr: expect.stringContaining("cannot be opened: ENOENT") };
    expect(await operator(pid, ["import", "x.bulkhead"])).toEqual(missing);
    const unseen = { exitCode: 1, stderr: expect.stringContaining("nobody is there for attach") };
    expect(await operator(pid, ["attach", "climate", "--inspector"])).toEqual(unseen);
  });
});
