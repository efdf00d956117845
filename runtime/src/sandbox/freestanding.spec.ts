import { execFileSync } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox } from "./index.ts";
import type { SandboxSpec } from "./spec.ts";
import { type Bench, openBench } from "./testing/harness.ts";

const forms = ["own-userns", "board-userns"] as const;

describe("[K10] a freestanding component", () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench();
    await mkdir(join(bench.directory, "probe"), { mode: 0o755 });
    const source = join(import.meta.dirname, "testing/freestanding-probe.c");
    execFileSync("gcc", ["-O1", "-static-pie", "-fPIE", "-o", join(bench.directory, "probe/main"), source]);
  });
  afterAll(() => bench?.close());

  /** What the probe writes. `board-userns`: no user namespace, so setpriv runs under the filter first. */
  async function run(word: string, form: (typeof forms)[number], spec: Partial<SandboxSpec>): Promise<string[]> {
    const path = join(bench.directory, `${word}-${form}-${spec.profile}-${spec.surroundings}`);
    const log = await open(path, "a");
    const host = { ...bench.host, userNamespaces: form === "own-userns" };
    const sandbox = await startSandbox(
      {
        name: "probe",
        uid: 10_101,
        command: ["/app/main", word],
        environment: {},
        mounts: [{ kind: "ro", source: join(bench.directory, "probe"), target: "/app" }],
        networkNamespace: null,
        capabilities: [],
        limits: { memoryBytes: 8 * 1024 ** 2, processes: 4, cpu: { class: "fair", weight: 100 } },
        cgroup: `${bench.instance}/probe`,
        stdout: log.fd,
        requires: [],
        ...spec,
      },
      host,
    ).catch((error: Error) => error);
    // The probe may be through before its level can be read: it has done its work then.
    if (!(sandbox instanceof Error)) await sandbox.exited;
    await log.close();
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    expect(lines.at(-1), sandbox instanceof Error ? sandbox.message : "").toBe("done");
    return lines.slice(0, -1);
  }

  test("sees its own program and nothing else: no /proc, /dev, /tmp, no library, no Node", async () => {
    expect(await run("tree", "own-userns", { profile: "component", surroundings: "bare" })).toEqual([
      "sees /app",
      "sees /app/main",
    ]);
  });

  test("and a hosted one sees more, so the listing can see it", async () => {
    const seen = await run("tree", "own-userns", { profile: "component", surroundings: "hosted" });
    for (const path of ["/proc", "/tmp", "/dev/null"]) expect(seen).toContain(`sees ${path}`);
  });

  test.each(forms)("is refused every call but those of its channels, its memory and its time (%s)", async (form) => {
    const answers = await run("calls", form, { profile: "freestanding", surroundings: "bare" });
    const notRefused = answers.filter((line) => !line.endsWith(" refused")).map((line) => line.split(" ")[1]);
    // Without a user namespace setpriv runs first, under the same filter: it opens files, of which none is left for the program.
    const forSetpriv = form === "board-userns" ? ["openat", "prctl"] : [];
    expect(notRefused.sort()).toEqual([...forSetpriv, "getpid", "socket-unix"].sort());
    expect(answers.length).toBe(42);
  });

  test("but for files where it has a lease: its sandbox holds no other", async () => {
    const answers = await run("calls", "own-userns", { profile: "freestanding-leased", surroundings: "bare" });
    const notRefused = answers.filter((line) => !line.endsWith(" refused")).map((line) => line.split(" ")[1]);
    expect(notRefused.sort()).toEqual(["getpid", "openat", "socket-unix"]);
  });

  test("while a hosted program may open files, make pipes and reach the network's sockets", async () => {
    const answers = await run("calls", "own-userns", { profile: "component", surroundings: "hosted" });
    for (const call of ["openat", "pipe2", "socket-inet", "dup"]) expect(answers).toContain(`call ${call} allowed`);
  });
});
