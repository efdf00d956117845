/**
 * The process of a trust group: runs each member that the root server opens in a thread of its own, and carries its
 * control channel and its log. A member that stops in order ends its thread; one that fails ends the process, for nothing
 * protects the others from what it did. The members are its arguments.
 */
import { Socket } from "node:net";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { controlFileDescriptor, firstMemberLogDescriptor, membersDirectory } from "@bulkhead/protocol";
import {
  encodeEnvelope,
  encodeFrame,
  type FromGroup,
  keepInspectorShut,
  type MemberData,
  memberArgument,
  readToGroup,
} from "@bulkhead/sdk";

/** Logs that nobody reads do not keep the process. */
const lastWordMs = 500;

keepInspectorShut();
const control = new Socket({ fd: controlFileDescriptor, readable: true, writable: true });
const logs = new Map(process.argv.slice(2).map((name, index) => [name, openLog(firstMemberLogDescriptor + index)]));
const threads = new Map<string, Worker>();

const reader = readToGroup(([kind, name, bytes]) => {
  if (kind === "open") open(name);
  else threads.get(name)?.postMessage(bytes);
});
control.on("data", (chunk) => reader.push(chunk));
control.on("error", () => undefined); // "close" follows.
for (const event of ["end", "close"]) control.once(event, () => process.exit(0));

function openLog(fd: number): Socket {
  const log = new Socket({ fd, readable: false, writable: true });
  log.on("error", () => undefined); // The reader went away: nothing to tell it to.
  return log;
}

function open(name: string): void {
  const log = logs.get(name);
  if (!log) throw new TypeError(`${name} is no member of this trust group`);
  const root = `${membersDirectory}/${name}`;
  const workerData: MemberData = { bulkheadMember: { root } };
  const thread = new Worker(`${root}/app/main.js`, {
    ...{ name, workerData, argv: [memberArgument] },
    ...{ stdout: true, stderr: true },
  });
  threads.set(name, thread);
  thread.stdout.pipe(log, { end: false });
  thread.stderr.pipe(log, { end: false });
  thread.on("message", (bytes: Uint8Array) => say(["data", name, bytes], () => thread.postMessage(null)));
  // What nobody caught in it, or that it used its memory up: it could not say so itself.
  thread.once("error", (error: Error) => {
    const reason = String(error?.message ?? error).slice(0, 2000);
    const stack = String(error?.stack ?? "").slice(0, 8000);
    say(["data", name, encodeFrame([2, "fault", { reason, ...(stack && { stack }) }])]);
  });
  thread.once("exit", (code) => {
    threads.delete(name);
    say(["ended", name, code], () => code !== 0 && void end(thread, code));
  });
}

function say(envelope: FromGroup, written?: () => void): void {
  control.write(encodeEnvelope(envelope), written);
}

/** What the failed member wrote last is the most interesting of all. */
async function end(thread: Worker, code: number): Promise<void> {
  const read = Promise.all([finished(thread.stdout), finished(thread.stderr)]);
  const written = read.then(() =>
    Promise.all([...logs.values()].map((log) => new Promise((done) => log.write("", done)))),
  );
  await Promise.race([written, delay(lastWordMs)]).catch(() => undefined);
  process.exit(code);
}
