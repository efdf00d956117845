/** The set-up and the runner of the pinned Node, as a person meets them: real processes, real signals, real kernels. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

const root = join(import.meta.dirname, "..");
const setUpScript = join(root, "scripts", "setup.mjs");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bulkhead-set-up-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the machine is not ready", () => {
  test("[S1] missing programs and no apt-get: one sentence names the programs and their Debian packages", async () => {
    const programs = join(folder, "empty");
    const { exitCode, stderr } = await execa(process.execPath, [setUpScript], {
      env: { PATH: programs },
      reject: false,
    });
    expect(stderr).toMatch(/^These programs are missing.*bwrap \(Debian package bubblewrap\).*start again\.$/);
    expect(exitCode).toBe(1);
  });

  test("[S1] an ordinary user who may not make user namespaces is told so, and the way out, in one sentence", async () => {
    const script = join(folder, "namespaces.mjs");
    const module = JSON.stringify(join(root, "scripts", "setup", "namespaces.mjs"));
    await writeFile(
      script,
      `import { checkNamespaces } from ${module};\nawait checkNamespaces().catch((e) => { console.log(e.message); process.exitCode = 1; });`,
    );
    // In a user namespace of its own, whose limit of further ones is set to none.
    const inner = `echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" "$1"`;
    const { exitCode, stdout } = await execa(
      "unshare",
      ["--user", "--map-user=1000", "--keep-caps", "sh", "-c", inner, process.execPath, script],
      { reject: false },
    );
    expect(stdout).toMatch(
      /^An ordinary user may not make user namespaces.*as root.*sudo sysctl -w user\.max_user_namespaces=\d+`\.$/,
    );
    expect(exitCode).toBe(1);
  });
});

describe("the pinned Node", () => {
  test("runs with our arguments, and its exit code is passed on", async () => {
    const { exitCode, stdout } = await execa(
      process.execPath,
      await runner("console.log(process.version, process.argv[2]); process.exit(7);", ["--check"]),
      { reject: false },
    );
    expect(stdout).toMatch(/^v24\.\d+\.\d+ --check$/);
    expect(exitCode).toBe(7);
  });

  test("a Ctrl-C that npm repeats reaches it once", async () => {
    const child = await started(
      "let n = 0; process.on('SIGINT', () => { n++; console.log('interrupted', n); setTimeout(() => process.exit(n), 1000); });",
    );
    child.process.kill("SIGINT");
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(1);
    expect(child.output()).toContain("interrupted 1");
  });

  test("an end by a signal is passed on as 128 + its number", async () => {
    const child = await started("process.kill(process.pid, 'SIGKILL');", { wait: false });
    expect(await child.ended).toBe(128 + 9);
  });

  test("it ends when the runner is killed", async () => {
    const child = await started("");
    const pid = Number(/pid (\d+)/.exec(child.output())?.[1]);
    expect(await isAlive(pid)).toBe(true);
    child.process.kill("SIGKILL");
    await vi.waitFor(async () => expect(await isAlive(pid)).toBe(false), { timeout: 10_000 });
  });
});

/** A zombie has ended: where pid 1 of a container waits for nobody, it stays in the table. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State:\tZ");
  return !/^State:\s+Z/m.test(status);
}

/** The arguments for a node that runs `code` on the pinned Node by way of scripts/setup/pinned-node.mjs. */
async function runner(code: string, args: string[] = []): Promise<string[]> {
  const inner = join(folder, `inner-${crypto.randomUUID()}.mjs`);
  await writeFile(inner, code);
  const outer = inner.replace("inner", "outer");
  const module = JSON.stringify(join(root, "scripts", "setup", "pinned-node.mjs"));
  const call = `runPinned(${JSON.stringify([inner, ...args])})`;
  await writeFile(outer, `import { runPinned } from ${module};\nprocess.exitCode = await ${call};`);
  return [outer];
}

async function started(code: string, { wait = true } = {}) {
  const child = spawn(
    process.execPath,
    await runner(`setInterval(() => {}, 60_000); console.log('pid', process.pid); ${code}; console.log('up');`),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", (exitCode) => resolve(exitCode)));
  if (wait) await vi.waitFor(() => expect(output).toContain("up"), { timeout: 20_000 });
  return { process: child, output: () => output, ended };
}
