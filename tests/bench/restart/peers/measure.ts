/** One peer under measurement: a server in a bubblewrap sandbox like that of a component, killed and called again. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { nodeMounts } from "../../../../runtime/src/sandbox/mounts.ts";
import { openCaller } from "./caller.ts";
import type { Supervisor } from "./supervisors.ts";

/** runit counts a service that lives shorter as broken and waits a second. */
const settledMs = 1200;

const namespaces = ["user", "ipc", "pid", "uts", "net"].map((name) => `--unshare-${name}`);

/** The options of our own sandboxes but those that need a supervisor of ours: status, gate, filter, control group. */
export async function sandboxCommand(directory: string): Promise<string[]> {
  const mounts = await nodeMounts(process.execPath);
  const server = new URL("./server.mjs", import.meta.url).pathname;
  return [
    ...["bwrap", ...namespaces, "--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session"],
    ...[
      "--clearenv",
      "--tmpfs",
      "/dev",
      "--dev-bind",
      "/dev/null",
      "/dev/null",
      "--dev-bind",
      "/dev/urandom",
      "/dev/urandom",
    ],
    ...["--proc", "/proc", "--tmpfs", "/tmp"],
    ...mounts.flatMap((mount) => (mount.kind === "tmpfs" ? [] : ["--ro-bind", mount.source, mount.target])),
    ...["--ro-bind", server, "/app/server.mjs", "--bind", directory, "/run/ipc", "--remount-ro", "/"],
    ...["--", "/node/bin/node", "--max-semi-space-size=1", "/app/server.mjs", "/run/ipc/socket"],
  ];
}

export async function measurePeer(supervisor: Supervisor, count: number): Promise<number[]> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
  const socket = join(directory, "socket");
  const running = await supervisor.start(await sandboxCommand(directory), join(directory, "service"));
  const caller = openCaller(socket);
  const samples: number[] = [];
  try {
    await within(caller.nextNew(), supervisor.name);
    for (let sample = 0; sample < count; sample++) {
      await delay(settledMs);
      const pid = await serverOf(directory);
      const answered = caller.nextNew();
      const killedNs = process.hrtime.bigint();
      process.kill(pid, "SIGKILL");
      samples.push(Number((await within(answered, supervisor.name)) - killedNs) / 1e6);
    }
    return samples;
  } finally {
    caller.close();
    await running.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The Node inside: a child of bubblewrap's init, which has our directory among its mounts. */
async function serverOf(directory: string): Promise<number> {
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (!command.startsWith("/node/bin/node\0") || !command.includes("/app/server.mjs")) continue;
    const mounts = await readFile(`/proc/${name}/mountinfo`, "utf8").catch(() => "");
    if (mounts.includes(directory)) return Number(name);
  }
  throw new Error("the server does not run");
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const late = new AbortController();
  const tooLate = delay(10_000, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${what} did not bring the server back within 10 s`);
  });
  tooLate.catch(() => undefined);
  return Promise.race([work, tooLate]).finally(() => late.abort());
}
