/**
 * In a component's network namespace: connects whoever comes to a socket of root's with the inspector. The component hears
 * nothing of this process but bytes on the inspector's port.
 */
import { chmod, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { inspectorHost, inspectorPort } from "../operator/inspector-address.ts";

const opensWithinMs = 15_000;
const lookEveryMs = 50;

/** Says `entered`, and `listening` once the inspector answers; ends with its standard input. */
export async function relayInspector([path = ""]: readonly string[]): Promise<number> {
  process.stdout.write("entered\n");
  const gone = new Promise<void>((resolve) => void process.stdin.resume().once("end", resolve).once("close", resolve));
  if (!(await Promise.race([isOpen(), gone.then(() => false)]))) return 1;
  await rm(path, { force: true });
  process.umask(0o077);
  const server = createServer((socket) => join(socket, createConnection(inspectorPort, inspectorHost)));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await chmod(path, 0o600);
  process.stdout.write("listening\n");
  await gone;
  await rm(path, { force: true });
  return 0;
}

/** Both ways, until one of the two has had enough. */
export function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.on("error", () => undefined);
    socket.once("close", () => peer.destroy());
  }
}

async function isOpen(): Promise<boolean> {
  const endMs = performance.now() + opensWithinMs;
  while (performance.now() < endMs) {
    if (await answers()) return true;
    await delay(lookEveryMs);
  }
  return false;
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(inspectorPort, inspectorHost);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
