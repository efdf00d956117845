/** Starts probers in sandboxes for the specifications of this folder, and takes everything away again. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  detectHost,
  type HostCapabilities,
  mergeMounts,
  nodeMounts,
  removeCgroups,
  type SandboxSpec,
  startSandbox,
} from "../index.ts";
import type { Sandbox } from "../spec.ts";

export type Answer = Record<string, unknown> & { ok?: boolean; code?: string; value?: unknown };
export type Probed = { sandbox: Sandbox; ask(request: { probe: string } & Record<string, unknown>): Promise<Answer> };

/** What a specification file works with: a host, a place that every uid can read, and a starter. */
export type Bench = {
  host: HostCapabilities;
  instance: string;
  directory: string;
  /** Starts the prober; `spec` and `host` replace what it gets by default. */
  start(spec?: Partial<SandboxSpec>, host?: HostCapabilities): Promise<Sandbox>;
  probe(spec?: Partial<SandboxSpec>, host?: HostCapabilities): Promise<Probed>;
  /** What all sandboxes wrote so far. */
  log(): Promise<string>;
  close(): Promise<void>;
};

const MiB = 1024 ** 2;

/** `uid`: what components get by default. */
export async function openBench(uid: number | null = 10_101): Promise<Bench> {
  const host = await detectHost();
  const instance = `spec-${randomUUID().slice(0, 8)}`;
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-sandbox-"));
  await chmod(directory, 0o755);
  const mounts = await shareProgram(directory);
  const logPath = join(directory, "log");
  const log = await open(logPath, "a");
  const started: Sandbox[] = [];

  const start: Bench["start"] = async (spec = {}, on = host) => {
    const sandbox = await startSandbox(
      {
        name: "prober",
        uid,
        command: ["/node/bin/node", "/app/prober.mjs"],
        environment: { SAMPLE: "value" },
        networkNamespace: null,
        capabilities: [],
        limits: { memoryBytes: 96 * MiB, processes: 32, cpu: { class: "fair", weight: 100 } },
        cgroup: `${instance}/prober`,
        stdout: log.fd,
        requires: [],
        ...spec,
        mounts: mergeMounts(mounts, spec.mounts ?? []),
      },
      on,
    );
    started.push(sandbox);
    return sandbox;
  };

  return {
    host,
    instance,
    directory,
    start,
    probe: async (spec, on) => {
      const sandbox = await start(spec, on);
      return { sandbox, ask: asker(sandbox) };
    },
    log: () => readFile(logPath, "utf8"),
    close: async () => {
      for (const sandbox of started) sandbox.kill();
      await Promise.all(started.map((sandbox) => sandbox.exited));
      await removeCgroups(instance);
      await log.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The checkout may be in a home that other uids cannot enter, so what they execute is copied out of it. */
async function shareProgram(directory: string) {
  const app = join(directory, "app");
  await mkdir(app, { mode: 0o755 });
  for (const name of ["prober.mjs", "exercise.mjs", "network-tools.mjs", "syscalls.pl"]) {
    await copyFile(join(import.meta.dirname, name), join(app, name));
    await chmod(join(app, name), 0o644);
  }
  const node = join(directory, "node");
  await copyFile(process.execPath, node, constants.COPYFILE_FICLONE);
  await chmod(node, 0o755);
  return [...(await nodeMounts(node)), { kind: "ro", source: app, target: "/app" } as const];
}

/** One request, one answer. An answer that cannot come any more rejects. */
function asker(sandbox: Sandbox): Probed["ask"] {
  const lines = createInterface({ input: sandbox.control });
  return (request) => {
    const answer = new Promise<Answer>((resolve, reject) => {
      lines.once("line", (line) => resolve(JSON.parse(line)));
      void sandbox.exited.then((status) => reject(new Error(`the prober ended: ${JSON.stringify(status)}`)));
    });
    sandbox.control.write(`${JSON.stringify(request)}\n`);
    return answer;
  };
}
