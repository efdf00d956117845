import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Listener, listenSocket } from "./listen.ts";

let directory: string;
let listener: Listener;

afterEach(async () => {
  await listener.close();
  await rm(directory, { recursive: true });
});

test("[K3] [K7] a client that connects and leaves without pause finds nobody listening for a while, and later somebody", async () => {
  const path = await place();
  let taken = 0;
  let first: Socket | undefined;
  listener = await listenSocket(path, (socket) => {
    first ??= socket;
    taken += 1;
    socket.on("error", () => undefined);
  });
  const standing = connect(path);
  await once(standing, "connect");
  const beganMs = performance.now();
  let refused = 0;
  for (let i = 0; i < 2_000; i++) if ((await knock(path)) !== "taken") refused += 1;
  const seconds = (performance.now() - beganMs) / 1000;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThanOrEqual(50 + 4 * (seconds + 2));
  // The kernel's answer, which costs the provider nothing.
  expect(refused).toBeGreaterThan(1_000);

  const heard = once(standing, "data");
  first?.write("still here");
  expect(String((await heard)[0])).toBe("still here");
  standing.destroy();

  const before = taken;
  await expect
    .poll(
      async () => {
        await knock(path);
        return taken;
      },
      { timeout: 10_000, interval: 100 },
    )
    .toBeGreaterThan(before);
});

test("[K3] closing while nobody listens leaves no socket", async () => {
  const path = await place();
  listener = await listenSocket(path, (socket) => void socket.on("error", () => undefined));
  let answer = "taken";
  while (answer === "taken") answer = await knock(path);
  await listener.close();
  expect(existsSync(path)).toBe(false);
});

async function place(): Promise<string> {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-listen-"));
  return join(directory, "socket");
}

/** Connects and leaves: `taken`, or the kernel's word for why not. */
function knock(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = "taken";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      answer = error.code ?? "";
    });
    socket.once("close", () => resolve(answer));
    socket.once("connect", () => socket.destroy());
  });
}
