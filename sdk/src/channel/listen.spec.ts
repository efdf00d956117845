import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
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

test("[K3] [K7] a client that connects and leaves without pause gets so many connections, and later one again", async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-listen-"));
  const path = join(directory, "socket");
  let taken = 0;
  listener = await listenSocket(path, (socket) => {
    taken += 1;
    socket.on("error", () => undefined);
  });
  const beganMs = performance.now();
  for (let i = 0; i < 2_000; i++) await knock(path);
  const seconds = (performance.now() - beganMs) / 1000;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThanOrEqual(250 + 50 * (seconds + 1));
  const before = taken;
  await expect
    .poll(async () => {
      await knock(path);
      return taken;
    })
    .toBeGreaterThan(before);
});

function knock(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("error", () => undefined);
    socket.once("close", () => resolve());
    socket.once("connect", () => socket.destroy());
  });
}
