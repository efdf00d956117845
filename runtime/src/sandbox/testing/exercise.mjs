// Runs inside a sandbox under test: does with Node what components do, so that a filter which refuses too much is seen.
// Writes one line of JSON to descriptor 3: the names of what failed, with the reason.
import { createHash, generateKeyPairSync, randomBytes, scryptSync } from "node:crypto";
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import * as fs from "node:fs/promises";
import { createServer } from "node:http";
import { connect, createServer as createNetServer, Socket } from "node:net";
import { availableParallelism, freemem, uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";

const once = (emitter, event) =>
  new Promise((resolve, reject) => {
    emitter.once(event, resolve);
    emitter.once("error", reject);
  });

const wasm = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  127,
  3,
  2,
  1,
  0,
  7,
  5,
  1,
  1,
  102,
  0,
  0,
  10,
  6,
  1,
  4,
  0,
  65,
  42,
  11,
);

const exercises = {
  files: async () => {
    await fs.mkdir("/tmp/a/b", { recursive: true });
    const handle = await fs.open("/tmp/a/b/f", "w+");
    await handle.writev([Buffer.from("x"), Buffer.from("y")]);
    await handle.truncate(1);
    await handle.datasync();
    await handle.sync();
    await handle.utimes(1, 1);
    await handle.chmod(0o600);
    await handle.close();
    await fs.rename("/tmp/a/b/f", "/tmp/a/g");
    await fs.symlink("g", "/tmp/a/l");
    await fs.copyFile("/tmp/a/l", "/tmp/a/h");
    await fs.link("/tmp/a/h", "/tmp/a/i");
    await fs.realpath("/tmp/a/l");
    await fs.statfs("/tmp");
    await fs.access("/tmp/a/h");
    await fs.readdir("/tmp", { recursive: true });
    await fs.rm("/tmp/a", { recursive: true });
  },
  watch: async () => {
    const events = fs.watch("/tmp");
    const first = events.next();
    await fs.writeFile("/tmp/watched", "");
    await first;
    await events.return();
  },
  tcp: async () => {
    const server = createServer((_, response) => response.end("answer")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const answer = await fetch(`http://127.0.0.1:${server.address().port}`);
    if ((await answer.text()) !== "answer") throw new Error("another answer");
    server.closeAllConnections();
    server.close();
  },
  unix: async () => {
    const server = createNetServer((socket) => socket.pipe(socket)).listen("/tmp/socket");
    await once(server, "listening");
    const client = connect("/tmp/socket");
    client.write("echo");
    await once(client, "data");
    client.destroy();
    server.close();
  },
  udp: async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    socket.send("datagram", socket.address().port, "127.0.0.1");
    await once(socket, "message");
    socket.close();
  },
  names: () => lookup("127.0.0.1"),
  threads: async () => {
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage(1)", { eval: true });
    await once(worker, "message");
    await worker.terminate();
  },
  wasm: async () => {
    const { instance } = await WebAssembly.instantiate(wasm);
    if (instance.exports.f() !== 42) throw new Error("another answer");
    new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true }).grow(1);
  },
  atomics: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5),
  crypto: () => {
    generateKeyPairSync("ed25519");
    createHash("sha256").update(randomBytes(64)).digest();
    scryptSync("a", "b", 32);
  },
  compression: () => gzipSync(Buffer.alloc(1e6)),
  memory: () => {
    for (let n = 0; n < 100; n++) JSON.parse(JSON.stringify(Array.from({ length: 1000 }, (_, i) => ({ i }))));
  },
  machine: () => {
    process.memoryUsage();
    process.resourceUsage();
    process.hrtime.bigint();
    availableParallelism();
    freemem();
    uptime();
  },
  title: () => {
    process.title = "renamed";
  },
  signals: async () => {
    const caught = once(process, "SIGUSR2");
    process.kill(process.pid, "SIGUSR2");
    await caught;
  },
  timers: () => delay(5),
  standardOutput: () => process.stdout.write("exercised\n"),
};

const failures = {};
for (const [name, exercise] of Object.entries(exercises)) {
  const stop = new AbortController();
  const late = delay(60_000, undefined, { signal: stop.signal }).then(() => Promise.reject(new Error("took too long")));
  await Promise.race([Promise.resolve().then(exercise), late]).catch((error) => {
    failures[name] = String(error.cause ?? error);
  });
  late.catch(() => undefined);
  stop.abort();
}
const control = new Socket({ fd: 3 });
control.write(`${JSON.stringify({ node: process.version, done: Object.keys(exercises).length, failures })}\n`);
control.once("close", () => process.exit(0));
control.resume();
