/**
 * Components of a few lines, which speak the control channel by hand: plain JavaScript without a dependency, so that the
 * root server is tested against bytes and not against the SDK.
 */

const speak = `
import { Socket } from "node:net";
import fs from "node:fs";
const control = new Socket({ fd: 3 });
const text = (s) => s.length < 32 ? Buffer.concat([Buffer.from([0xa0 | s.length]), Buffer.from(s)])
  : Buffer.concat([Buffer.from([0xd9, s.length]), Buffer.from(s)]);
const map = (o) => Buffer.concat([Buffer.from([0x80 | Object.keys(o).length]),
  ...Object.entries(o).flatMap(([k, v]) => [text(k), v === null ? Buffer.from([0xc0]) : Array.isArray(v) ? Buffer.from([0x90]) : text(v)])]);
const say = (kind, body = {}) => {
  const message = Buffer.concat([Buffer.from([0x93, 2]), text(kind), map(body)]);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(message.length);
  control.write(Buffer.concat([header, message]));
};
const heard = {};
let pending = Buffer.alloc(0);
control.on("data", (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
    const message = pending.subarray(4, 4 + pending.readUInt32BE(0));
    pending = pending.subarray(4 + message.length);
    const kind = message.toString("latin1", 3, 3 + (message[2] & 31));
    heard[kind]?.(message);
  }
});
control.on("close", () => process.exit(2));
heard.stop = () => process.exit(0);
heard["stand-by"] = () => say("standing-by");
const beReady = () => { say("ready"); setInterval(() => say("heartbeat"), 100); };
`;

export const fakes = {
  good: `${speak} heard.start = beReady;`,
  flaky: `${speak} heard.start = () => { beReady(); setTimeout(() => { say("fault", { reason: "it gave up on purpose", stack: "at flaky" });
    setTimeout(() => process.exit(1), 20); }, 1500); };`,
  /** Runs for a moment only. */
  shortLived: `${speak} heard.start = () => { beReady(); setTimeout(() => process.exit(1), 100); };`,
  /** At a signal it listens where no channel is, and opens a directory. */
  squatter: `${speak} import net from "node:net"; heard.start = () => { beReady(); process.on("SIGUSR2", () => {
    net.createServer().listen("/tmp/mine.sock"); net.createServer().listen(4000, "127.0.0.1"); fs.openSync("/app");
    console.log("squats"); }); };`,
  hanging: `${speak} heard.start = () => { beReady(); setTimeout(() => { for (;;); }, 300); };`,
  garbage: `${speak} heard.start = () => { beReady(); setTimeout(() => control.write(Buffer.alloc(64, 255)), 300); };`,
  presumptuous: `${speak} heard.start = () => { beReady();
    setTimeout(() => say("restart", { component: null, reason: "because I say so" }), 300); };`,
  neverReady: `${speak} heard.start = () => {};`,
  /** Writes how it finds itself as one line of JSON. */
  prober: `${speak} heard.start = (message) => { beReady(); console.log(JSON.stringify({ uid: process.getuid(),
    root: fs.readdirSync("/"), ipc: fs.existsSync("/run/ipc") ? fs.readdirSync("/run/ipc") : [],
    start: message.toString("latin1") })); };`,
  /** Fills what it can write below its channels, with bytes and then with names, and writes how far it got. */
  hoarder: `${speak} heard.start = () => { beReady();
    const place = "/run/ipc/provides/" + fs.readdirSync("/run/ipc/provides")[0];
    const got = { bytes: 0, files: 0 };
    const file = fs.openSync(place + "/hoard", "w");
    try { while (got.bytes < 2 ** 24) got.bytes += fs.writeSync(file, Buffer.alloc(4096)); } catch (e) { got.full = e.code; }
    fs.ftruncateSync(file);
    try { for (; got.files < 5000; got.files++) fs.writeFileSync(place + "/" + got.files, ""); } catch (e) { got.crowded = e.code; }
    console.log(JSON.stringify(got)); };`,
  /** In the place of the agent: at a signal it has reached the management service. */
  agent: `${speak} heard.start = () => { beReady(); process.on("SIGUSR2", () => say("reached")); };`,
  /** Sends back whatever comes by its channels. */
  echo: `${speak} import net from "node:net"; heard.start = () => { const places = fs.readdirSync("/run/ipc/provides");
    let waiting = places.length;
    for (const place of places) { const path = "/run/ipc/provides/" + place + "/socket"; fs.rmSync(path, { force: true });
      net.createServer((peer) => peer.on("error", () => {}).pipe(peer)).listen(path, () => { fs.chmodSync(path, 0o666);
        if (--waiting === 0) beReady(); }); } };`,
  /** Lets nobody into the directories of its channels, itself included. */
  shutter: `${speak} heard.start = () => { for (const place of fs.readdirSync("/run/ipc/provides"))
    fs.chmodSync("/run/ipc/provides/" + place, 0); beReady(); };`,
  /** Calls that one without a pause to speak of, each time by a new connection; writes how often it was answered, and each time that it was not. */
  caller: `${speak} import net from "node:net"; heard.start = () => { beReady(); let calls = 0;
    const call = () => { const before = calls; const peer = net.connect("/run/ipc/uses/to-echo/socket", () => peer.write("?"));
      peer.on("data", () => { calls += 1; peer.end(); });
      peer.on("error", () => {}).on("close", () => { if (calls === before) console.log("failed"); setTimeout(call, 4); }); };
    call(); setInterval(() => console.log("calls " + calls), 50); };`,
  /** Counts its starts in its storage, fills that, and writes the count and how the filling ended. */
  keeper: `${speak} heard.start = () => { beReady();
    const count = fs.existsSync("/data/count") ? Number(fs.readFileSync("/data/count", "utf8")) + 1 : 1;
    fs.writeFileSync("/data/count", String(count));
    let full; try { fs.writeFileSync("/data/hoard", Buffer.alloc(2 ** 23)); } catch (e) { full = e.code; }
    fs.rmSync("/data/hoard", { force: true });
    console.log(JSON.stringify({ count, full })); };`,
  /** Writes each state that it is pushed, as hexadecimal MessagePack. */
  messageServer: `${speak} heard.start = beReady; heard.status = (message) => console.log(message.toString("hex"));`,
  /** Writes each crash that it is told of, as hexadecimal MessagePack. */
  serialServer: `${speak} heard.start = beReady; heard.crash = (message) => console.log(message.toString("hex"));`,
  /** Writes each time that it is told, as hexadecimal MessagePack. */
  clock: `${speak} heard.start = beReady; heard.time = (message) => console.log(message.toString("hex"));`,
  /** A network server with something in the place of its tunnel: asks for the gateway's name, at once and at each signal, and believes the answer. */
  network: `${speak} import { execFileSync } from "node:child_process"; heard.start = () => {
    execFileSync("/usr/bin/ip", ["link", "add", "wg0", "type", "veth", "peer", "name", "wg-far"]); beReady(); say("resolve");
    process.on("SIGUSR2", () => say("resolve")); };
  heard.resolved = (message) => { const [address] = /\\d+\\.\\d+\\.\\d+\\.\\d+/.exec(message.toString("latin1")) ?? [];
    console.log("resolved " + (address ?? message.toString("latin1")));
    if (address) say("gateway", { address, from: "answer", askedAtMs: null, answer: [], failure: null }); };
  heard.uplink = () => console.log("through");`,
  /** Says what the test writes into its store, as the first line of a new file. */
  verifier: `${speak} heard.start = () => { beReady(); setInterval(() => { for (const name of fs.readdirSync("/verifier")) {
    const [kind, argument] = fs.readFileSync("/verifier/" + name, "utf8").split(" ");
    fs.unlinkSync("/verifier/" + name);
    if (kind === "verify") say("verify");
    else if (kind === "activate") say("activate", { releaseDigest: argument });
    else say("restart", { component: argument === "-" ? null : argument, reason: "the test asks for it" });
  } }, 30); };
  heard.generation = (message) => console.log(message.toString("latin1"));`,
} as const;

export type Fake = keyof typeof fakes;
