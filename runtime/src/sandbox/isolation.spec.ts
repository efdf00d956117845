/** What a component can reach, on the real kernel. Needs root; `rootless.spec.ts` has the rest. */
import { chown, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLevel } from "./level.ts";
import { programMounts } from "./mounts.ts";
import { callNumber, isArchitecture } from "./seccomp/filter.ts";
import type { SandboxSpec } from "./spec.ts";
import { type Bench, openBench, type Probed } from "./testing/harness.ts";

let bench: Bench;
let prober: Probed;

beforeAll(async () => {
  bench = await openBench();
  prober = await bench.probe();
});
afterAll(() => bench.close());

describe("[K7] a component", () => {
  test("is an ordinary uid of its own, as the host sees it", async () => {
    const { sandbox, ask } = prober;
    expect((await stat(`/proc/${sandbox.componentPid}`)).uid).toBe(10_101);
    expect(await ask({ probe: "identity" })).toMatchObject({ uid: 10_101, groups: [10_101], hostname: "prober" });
  });

  test("sees its own environment and nothing of ours, in pid 1 neither", async () => {
    const { environment } = (await prober.ask({ probe: "identity" })) as unknown as { environment: object };
    expect(environment).toEqual({ SAMPLE: "value", PWD: "/" });
    const pid1 = await prober.ask({ probe: "read", path: "/proc/1/environ" });
    expect(String(pid1.value)).not.toContain(process.env["HOME"]);
  });

  test("sees two processes: the sandbox's pid 1 and itself", async () => {
    const { value } = await prober.ask({ probe: "list", path: "/proc" });
    const pids = (value as string[]).filter((name) => /^\d+$/.test(name));
    expect(pids).toEqual(["1", "2"]);
  });

  test("can signal nobody outside", async () => {
    expect(await prober.ask({ probe: "signal", pid: process.pid })).toEqual({ ok: false, code: "ESRCH" });
  });

  test("sees of the host's files what was mounted, and can write only where it may", async () => {
    const { value } = await prober.ask({ probe: "list", path: "/" });
    // Debian's Node, built as a library, has some of its modules in /usr/share.
    const { node_shared: isDebians } = process.config.variables as { node_shared?: boolean };
    const allowed = ["app", "dev", "lib", "lib64", "node", "proc", "tmp", isDebians ? "usr" : ""];
    expect((value as string[]).filter((name) => !allowed.includes(name))).toEqual([]);
    expect(await prober.ask({ probe: "read", path: "/etc/passwd" })).toEqual({ ok: false, code: "ENOENT" });
    for (const path of ["/x", "/app/x", "/dev/x", "/node/x", "/lib/x"]) {
      expect([path, await prober.ask({ probe: "write", path })]).toEqual([path, { ok: false, code: "EROFS" }]);
    }
    expect(await prober.ask({ probe: "write", path: "/proc/sys/kernel/hostname" })).toMatchObject({ ok: false });
    expect(await prober.ask({ probe: "write", path: "/tmp/x" })).toMatchObject({ ok: true });
  });

  test("has a /tmp that ends", async () => {
    expect(await prober.ask({ probe: "fill", path: "/tmp/big", bytes: 9 * 1024 ** 2 })).toEqual({
      ok: false,
      code: "ENOSPC",
    });
  });

  test("has the five harmless devices", async () => {
    const { value } = await prober.ask({ probe: "list", path: "/dev" });
    expect(value).toEqual(["full", "null", "random", "urandom", "zero"]);
  });

  test("has no network but a loopback of its own", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    expect(await prober.ask({ probe: "connect", host: "127.0.0.1", port })).toEqual({
      ok: false,
      code: "ECONNREFUSED",
    });
    expect(await prober.ask({ probe: "connect", host: "192.0.2.1", port: 80 })).toEqual({
      ok: false,
      code: "ENETUNREACH",
    });
    const routes = await prober.ask({ probe: "read", path: "/proc/net/dev" });
    expect(
      String(routes.value)
        .match(/^\s*\w+:/gm)
        ?.map((name) => name.trim()),
    ).toEqual(["lo:"]);
    server.close();
  });

  test("reaches no abstract socket of the host: they belong to the network namespace", async () => {
    const path = `\0bulkhead-spec-${process.pid}`;
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once("listening", resolve));
    expect(await prober.ask({ probe: "connect", path })).toMatchObject({ ok: false });
    server.close();
  });

  test("holds no descriptor that was not meant for it", async () => {
    const found = (await prober.ask({ probe: "descriptors" })) as unknown as { fd: number; target: string }[];
    const outside = found.filter(({ fd, target }) => fd > 3 && !/^(anon_inode:|pipe:|\/dev\/null$)/.test(target));
    expect(outside).toEqual([]);
    expect(found.find(({ fd }) => fd === 3)?.target).toMatch(/^socket:/);
  });

  test("is in a session of its own, so that a terminal of ours is none of its", async () => {
    const session = async (pid: number | "self") => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
    };
    const { pid, componentPid } = prober.sandbox;
    expect([await session(pid), await session(componentPid)]).toEqual([pid, pid]);
    expect(await session("self")).not.toBe(pid);
  });

  test("starts no other program", async () => {
    expect(await prober.ask({ probe: "spawn" })).toEqual({ code: "EPERM", status: null });
  });
});

test("[K7] a component is in no group of who starts it", async () => {
  const before = process.getgroups?.() ?? [];
  // A guest's Node is started in them, for not every Node can join.
  if (!before.includes(1234)) process.setgroups?.([27, 1234]);
  try {
    const { sandbox } = await bench.probe({ cgroup: `${bench.instance}/groups` });
    const status = await readFile(`/proc/${sandbox.componentPid}/status`, "utf8");
    expect(/^Groups:(.*)$/m.exec(status)?.[1]?.trim()).toBe("");
  } finally {
    if (!before.includes(1234)) process.setgroups?.(before);
  }
});

test("[K7] two components cannot see each other's processes and files", async () => {
  const secret = await mkdtemp(join(bench.directory, "secret-"));
  await writeFile(join(secret, "key"), "x", { mode: 0o600 });
  const other = await bench.probe({ name: "other", uid: 10_102, cgroup: `${bench.instance}/other` });
  // The same path, reached by its pid and by /proc/<pid>/root, as the host would name it.
  const { componentPid } = other.sandbox;
  expect(await prober.ask({ probe: "signal", pid: componentPid })).toMatchObject({ ok: false });
  expect(await prober.ask({ probe: "list", path: `/proc/${componentPid}/root` })).toMatchObject({
    ok: false,
    code: "ENOENT",
  });
  expect(await prober.ask({ probe: "read", path: join(secret, "key") })).toMatchObject({ ok: false, code: "ENOENT" });
  expect((await stat(`/proc/${componentPid}`)).uid).toBe(10_102);
});

test("[K7] file modes still protect what is mounted: the uid inside is the uid outside", async () => {
  const shared = join(bench.directory, "shared");
  await mkdir(shared, { mode: 0o755 });
  await writeFile(join(shared, "of-root"), "x", { mode: 0o600 });
  const { ask } = await bench.probe({
    mounts: [{ kind: "rw", source: shared, target: "/data" }],
    cgroup: `${bench.instance}/modes`,
  });
  expect(await ask({ probe: "read", path: "/data/of-root" })).toEqual({ ok: false, code: "EACCES" });
  expect(await ask({ probe: "write", path: "/data/new" })).toEqual({ ok: false, code: "EACCES" });
});

test("[K7] a writable mount can be written, a read-only mount of the same place cannot", async () => {
  const place = join(bench.directory, "writable");
  await mkdir(place);
  await chown(place, 10_101, 10_101);
  const { ask } = await bench.probe({
    mounts: [
      { kind: "ro", source: place, target: "/r" },
      { kind: "rw", source: place, target: "/w" },
      { kind: "tmpfs", target: "/scratch", sizeBytes: 4096 },
    ],
    cgroup: `${bench.instance}/writable`,
  });
  expect(await ask({ probe: "write", path: "/r/file" })).toEqual({ ok: false, code: "EROFS" });
  expect(await ask({ probe: "write", path: "/w/file" })).toMatchObject({ ok: true });
  expect(await ask({ probe: "fill", path: "/scratch/file", bytes: 8192 })).toEqual({ ok: false, code: "ENOSPC" });
  expect(await readFile(join(place, "file"), "utf8")).toBe("x");
  await rm(place, { recursive: true });
});

describe("[K7] the level of a component", () => {
  test("is full where root can have everything", () => {
    expect(prober.sandbox.level).toEqual({
      uid: "own",
      namespaces: ["mount", "pid", "ipc", "uts", "net", "user"],
      capabilities: "0000000000000000",
      seccomp: true,
      noNewPrivileges: true,
      cgroup: bench.host.cgroup.version,
      cores: "not-asked",
      deadline: "not-asked",
      missing: bench.host.cgroup.version === "none" ? ["control group"] : [],
    });
  });

  test("is what /proc says", async () => {
    const { componentPid, level } = prober.sandbox;
    const status = await readFile(`/proc/${componentPid}/status`, "utf8");
    expect(status).toMatch(/^Uid:\t10101\t10101\t10101\t10101$/m);
    expect(status.match(/^Cap\w+:\t0{16}$/gm)).toHaveLength(5);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const files = { mount: "mnt", pid: "pid", ipc: "ipc", uts: "uts", net: "net", user: "user" } as const;
    for (const name of level.namespaces) {
      const file = files[name];
      expect(await readlink(`/proc/${componentPid}/ns/${file}`)).not.toBe(await readlink(`/proc/self/ns/${file}`));
    }
  });

  test("of a process that nothing isolates says so, layer by layer", async () => {
    const level = await readLevel(process.pid, specOf(), bench.host.cgroup);
    expect(level.uid).toBe("shared");
    expect(level.namespaces).toEqual([]);
    expect(level.missing).toEqual(
      expect.arrayContaining([
        "own uid",
        "pid namespace",
        "capability limits",
        "seccomp filter",
        "no_new_privs",
        "control group",
      ]),
    );
  });

  test("has no user namespace where the host has none to give, and everything else still holds", async () => {
    const { sandbox, ask } = await bench.probe(
      { cgroup: `${bench.instance}/fallback` },
      { ...bench.host, userNamespaces: false },
    );
    expect(sandbox.level).toMatchObject({
      uid: "own",
      capabilities: "0000000000000000",
      seccomp: true,
      noNewPrivileges: true,
    });
    expect(sandbox.level.missing).toEqual(["user namespace"]);
    expect(await ask({ probe: "write", path: "/x" })).toEqual({ ok: false, code: "EROFS" });
    expect(await ask({ probe: "write", path: "/tmp/x" })).toMatchObject({ ok: true });
    expect(await ask({ probe: "spawn" })).toEqual({ code: "EPERM", status: null });
    expect((await stat(`/proc/${sandbox.componentPid}`)).uid).toBe(10_101);
  });

  test("of the network server names its one capability", async () => {
    const { sandbox, ask } = await bench.probe({ capabilities: ["net_admin"], cgroup: `${bench.instance}/network` });
    expect(sandbox.level).toMatchObject({ uid: "own", capabilities: "0000000000001000", seccomp: true });
    expect(sandbox.level.namespaces).not.toContain("user");
    expect(sandbox.level.missing).toEqual([]);
    expect(await ask({ probe: "spawn" })).toEqual({ code: null, status: 0 });
    expect(await ask({ probe: "interfaces" })).toMatchObject({ ok: true });
    // Its pid 1 stays root, with nothing of root's in hand.
    const init = await readFile(`/proc/${sandbox.pid}/status`, "utf8");
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
      expect(init).toMatch(new RegExp(`^${set}:\\t0{12}[01]0{3}$`, "m"));
  });

  test("tells that a namespace of the caller was entered", async () => {
    const { sandbox } = await bench.probe({
      capabilities: ["net_admin"],
      networkNamespace: "/proc/self/ns/net",
      cgroup: `${bench.instance}/uplink`,
    });
    expect(sandbox.level.namespaces).not.toContain("net");
    expect(sandbox.level.missing).toEqual([]);
    expect(await readlink(`/proc/${sandbox.componentPid}/ns/net`)).toBe(await readlink("/proc/self/ns/net"));
  });
});

describe("[K7] the seccomp filter in the kernel", () => {
  const names = ["unshare", "ptrace", "setns", "io_uring_setup", "memfd_create", "keyctl", "perf_event_open", "kcmp"];

  async function callAll(seccomp: boolean): Promise<Record<string, number>> {
    const { arch } = process;
    if (!isArchitecture(arch)) throw new Error(`no filter for ${arch}`);
    const wanted = [...names, "clone3"].map((name) => [String(callNumber(arch, name)), name] as const);
    const sandbox = await bench.start(
      {
        command: ["/usr/bin/perl", "/app/syscalls.pl", ...wanted.map(([number]) => number)],
        mounts: await programMounts("/usr/bin/perl", "/usr/bin/perl"),
        cgroup: `${bench.instance}/calls`,
      },
      { ...bench.host, seccomp },
    );
    const text = await new Promise<string>((resolve) => sandbox.control.once("data", (data) => resolve(String(data))));
    sandbox.kill();
    await sandbox.exited;
    const byNumber = new Map(
      text
        .trim()
        .split(",")
        .map((pair) => pair.split(" ") as [string, string]),
    );
    return Object.fromEntries(
      [...wanted, ["fork", "fork"] as const].map(([key, name]) => [name, Number(byNumber.get(key))]),
    );
  }

  test("refuses what it says it refuses", async () => {
    const answers = await callAll(true);
    expect(answers).toEqual({ ...Object.fromEntries(names.map((name) => [name, 1])), clone3: 38, fork: 1 });
  });

  test("is what refuses: without it, each of these calls gets further", async () => {
    const answers = await callAll(false);
    for (const [name, errno] of Object.entries(answers))
      expect([name, errno]).not.toEqual([name, name === "clone3" ? 38 : 1]);
  });
});

test("[K7] a user namespace inside is refused by bubblewrap's own limit, too, without the filter", async () => {
  const { ask } = await bench.probe(
    { mounts: await programMounts("/usr/bin/unshare", "/unshare"), cgroup: `${bench.instance}/nested` },
    { ...bench.host, seccomp: false },
  );
  expect(await ask({ probe: "spawn" })).toEqual({ code: null, status: 0 });
  const nested = await ask({ probe: "spawn", program: "/unshare", args: ["--user", "/node/bin/node", "--version"] });
  expect(nested).toEqual({ code: null, status: 1 });
});

test("[K7] the host's own namespaces are left as they were", async () => {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  expect(mounts).not.toContain(bench.directory);
  expect((await readdir("/dev")).length).toBeGreaterThan(5);
});

function specOf(): SandboxSpec {
  return {
    name: "prober",
    uid: 10_101,
    command: [],
    environment: {},
    mounts: [],
    networkNamespace: null,
    capabilities: [],
    limits: { memoryBytes: 1, processes: 1, cpu: { class: "fair", weight: 1 } },
    cgroup: `${bench.instance}/prober`,
    stdout: 1,
    requires: [],
  };
}
