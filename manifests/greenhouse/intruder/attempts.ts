/** The ways out that the intruder tries. None of them does harm where it succeeds: it opens, looks and signals with 0. */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { open, readdir, readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { type Attempt, attempt, refusal } from "./attempt.ts";

/** Where to try; a manifest may name what only its host has. */
export type Targets = {
  files: readonly string[];
  sockets: readonly string[];
  addresses: readonly { host: string; port: number }[];
};

export const usualTargets: Targets = {
  // The accounts of the host, directly and through the root of process 1; memory, kernel log and a bus of the machine.
  files: ["/etc/shadow", "/proc/1/root/etc/shadow", "/dev/mem", "/dev/kmsg", "/dev/i2c-2"],
  // Channels of other components, by the names that they have for their owners.
  sockets: ["/run/ipc/uses/thermometer/socket", "/run/ipc/provides/climate.fan/socket"],
  // Public, link-local metadata of a cloud host, and loopback.
  addresses: [
    { host: "1.1.1.1", port: 443 },
    { host: "2606:4700:4700::1111", port: 443 },
    { host: "169.254.169.254", port: 80 },
    { host: "127.0.0.1", port: 22 },
  ],
};

const writable = ["/app/main.js", "/proc/sys/kernel/core_pattern", "/sys/fs/cgroup/cgroup.procs"];

/** All attempts, one after the other. */
export async function tryEverything(targets: Targets): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const run = async (what: string, how: string, action: () => unknown): Promise<void> => {
    attempts.push(await attempt(what, how, action));
  };
  for (const path of targets.files) await run("read", path, () => openClose(path, "r"));
  for (const path of writable) await run("write", path, () => openClose(path, "r+"));
  await run("see processes", "/proc", seeOthers);
  await run("signal host pid 1", "kill 1 0", signalFirst);
  await run("signal others", "kill 2..32768 0", signalOthers);
  for (const path of targets.sockets) await run("connect", path, () => connectTo({ path }));
  for (const { host, port } of targets.addresses) {
    await run("connect", `tcp ${host} ${port}`, () => connectTo({ host, port }));
  }
  await run("send", "udp 1.1.1.1 53", sendDatagram);
  await run("run a program", "unshare -Ur true", runUnshare);
  return attempts;
}

async function openClose(path: string, flags: string): Promise<void> {
  const file = await open(path, flags);
  await file.close();
}

/** The sandbox's own: its init, this process, and what is between. */
async function ownProcesses(): Promise<number[]> {
  const own = [process.pid];
  for (let pid = process.pid; pid > 1; ) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; the parent is the second field behind it.
    pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    own.push(pid);
  }
  return own;
}

/** Their threads, too: kill(2) takes a thread's number for its process. */
async function ownThreads(): Promise<Set<number>> {
  const own = await ownProcesses();
  const threads = await Promise.all(own.map((pid) => readdir(`/proc/${pid}/task`).catch(() => [])));
  return new Set([...own, ...threads.flat().map(Number)]);
}

async function seeOthers(): Promise<void> {
  const own = await ownProcesses();
  const others = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && !own.includes(Number(name)));
  if (others.length === 0) throw refusal("NONE_VISIBLE");
}

/** In a pid namespace number 1 is the sandbox's own init, which a component of the same uid may signal: not the host's. */
async function signalFirst(): Promise<void> {
  process.kill(1, 0);
  const name = (await readFile("/proc/1/comm", "utf8")).trim();
  if (name === "bwrap") throw refusal("OWN_INIT");
}

async function signalOthers(): Promise<void> {
  const own = await ownThreads();
  let code = "ESRCH";
  for (let pid = 2; pid <= 32_768; pid++) {
    if (own.has(pid)) continue;
    try {
      process.kill(pid, 0);
      return;
    } catch (error) {
      const met = (error as NodeJS.ErrnoException).code;
      if (met && met !== "ESRCH") code = met;
    }
  }
  throw refusal(code);
}

async function connectTo(target: { path: string } | { host: string; port: number }): Promise<void> {
  const socket = createConnection(target);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

async function sendDatagram(): Promise<void> {
  const socket = createSocket("udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.send("hello", 53, "1.1.1.1", (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
}

async function runUnshare(): Promise<void> {
  const child = spawn("unshare", ["-Ur", "true"], { stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw refusal(`EXIT_${code}`);
}
