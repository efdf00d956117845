// Runs inside a sandbox under test and tries things: one JSON request per line on descriptor 3, one JSON answer each.
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { connect, Socket } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";

const control = new Socket({ fd: 3, readable: true, writable: true });

const attempt = (action) => {
  try {
    return { ok: true, value: action() ?? null };
  } catch (error) {
    return { ok: false, code: error.code ?? error.message };
  }
};

const startWorker = () =>
  new Promise((resolve) => {
    const worker = attempt(() => new Worker("setInterval(() => {}, 1000)", { eval: true })).value;
    if (worker === undefined) return resolve(false);
    worker.once("online", () => resolve(true));
    worker.once("error", () => resolve(false));
  });

const kept = [];

const probes = {
  identity: () => ({
    uid: process.getuid(),
    groups: process.getgroups(),
    pid: process.pid,
    hostname: hostname(),
    environment: process.env,
  }),
  list: ({ path }) => attempt(() => readdirSync(path)),
  read: ({ path }) => attempt(() => readFileSync(path, "utf8")),
  write: ({ path }) => attempt(() => writeFileSync(path, "x")),
  chmod: ({ path, mode }) => attempt(() => chmodSync(path, mode)),
  fill: ({ path, bytes }) => attempt(() => writeFileSync(path, Buffer.alloc(bytes))),
  signal: ({ pid }) => attempt(() => process.kill(pid, "SIGKILL")),
  interfaces: () => attempt(() => Object.keys(networkInterfaces())),
  // Only what was there before this probe: opening the directory takes a descriptor of its own.
  descriptors: () =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      const found = attempt(() => readlinkSync(`/proc/self/fd/${fd}`));
      return found.ok ? [{ fd: Number(fd), target: found.value }] : [];
    }),
  connect: ({ host, port, path }) =>
    new Promise((resolve) => {
      const socket = connect(path === undefined ? { host, port, timeout: 2000 } : { path });
      socket.once("connect", () => resolve({ ok: true }));
      socket.once("timeout", () => resolve({ ok: false, code: "TIMEOUT" }));
      socket.once("error", (error) => resolve({ ok: false, code: error.code }));
    }),
  spawn: ({ program = "/node/bin/node", args = ["--version"] }) => {
    const { error, status } = spawnSync(program, args);
    return { code: error?.code ?? null, status };
  },
  workers: async ({ count }) => {
    let started = 0;
    for (let n = 0; n < count; n++) started += (await startWorker()) ? 1 : 0;
    return { started };
  },
  open: ({ count }) => {
    const opened = [];
    let error = null;
    try {
      while (opened.length < count) opened.push(openSync("/dev/null"));
    } catch ({ code }) {
      error = code;
    }
    for (const fd of opened) closeSync(fd);
    return { opened: opened.length, error };
  },
  allocate: ({ bytes }) => {
    for (let left = bytes; left > 0; left -= 2 ** 20) kept.push(Buffer.alloc(2 ** 20, 1));
    return { kept: kept.length };
  },
  burn: ({ wallMs }) => {
    const before = process.cpuUsage();
    const start = performance.now();
    while (performance.now() < start + wallMs);
    const used = process.cpuUsage(before);
    // Longer than asked for, where it was held back at the end.
    return { cpuMs: (used.user + used.system) / 1000, wallMs: performance.now() - start };
  },
  exit: ({ code }) => process.exit(code),
  abort: () => process.abort(),
};

createInterface({ input: control }).on("line", async (line) => {
  const request = JSON.parse(line);
  const answer = await probes[request.probe](request);
  control.write(`${JSON.stringify(answer)}\n`);
});
control.on("close", () => process.exit(0));
