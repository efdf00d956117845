/** Relays on real sockets: ::1 stands for the tunnel, a server on a Unix socket for the KMS. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { devicePrefixOf } from "./address.ts";
import { createLimiter } from "./limits.ts";
import { type Relay, type RelayOptions, startRelay } from "./relay.ts";

let directory: string;
let socket: string;
let relay: Relay | undefined;
let service: Server | undefined;
const sockets: Socket[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "relay-"));
  socket = join(directory, "service.sock");
});

afterEach(async () => {
  for (const each of sockets.splice(0)) each.destroy();
  await relay?.close();
  service?.close();
  relay = undefined;
  service = undefined;
  await rm(directory, { recursive: true });
});

async function start(options: Partial<RelayOptions> = {}, handler?: (socket: Socket) => void): Promise<void> {
  if (handler) {
    service = createServer({ allowHalfOpen: true }, (each) => {
      each.on("error", () => undefined);
      sockets.push(each);
      handler(each);
    });
    service.listen(socket);
    await once(service, "listening");
  }
  relay = await startRelay({
    address: "::1",
    port: 0,
    socket,
    limiter: createLimiter({ perSource: 64, total: 1024 }),
    ...options,
  });
}

function dial({ allowHalfOpen = false } = {}): Socket {
  const client = connect({ host: "::1", port: relay?.port ?? 0, allowHalfOpen });
  client.on("error", () => undefined);
  sockets.push(client);
  return client;
}

// Not events.once: that rejects where a reset comes first, which is a way to close too.
function closed(client: Socket): Promise<void> {
  return new Promise((resolve) => client.resume().once("close", () => resolve()));
}

test("[M5] the service first gets a line that names who is calling, then every byte as it was sent", async () => {
  let received: Promise<string> | undefined;
  await start({}, (each) => {
    received = text(each);
    each.end("bye");
  });
  const client = dial({ allowHalfOpen: true });
  client.end("hello\r\nPROXY TCP6 ::2 ::3 1 2\r\n");
  await once(client, "connect");
  const { localPort } = client;
  expect(await text(client)).toBe("bye");
  expect(await received).toBe(`PROXY TCP6 ::1 ::1 ${localPort} ${relay?.port}\r\nhello\r\nPROXY TCP6 ::2 ::3 1 2\r\n`);
});

test("a caller that has said its last word still gets the answer to it", async () => {
  await start({}, (each) => {
    each.resume().once("end", () => each.end("x".repeat(200_000)));
  });
  const client = dial({ allowHalfOpen: true });
  client.end("question");
  expect(await text(client)).toHaveLength(200_000);
});

test("a service that does not read stops its caller instead of filling the gateway's memory", async () => {
  await start({}, (each) => void each.pause());
  const client = dial();
  await once(client, "connect");
  const chunk = Buffer.alloc(256 * 1024);
  const wanted = 256;
  let taken = 0;
  const push = (): void => {
    if (taken < wanted)
      client.write(chunk, () => {
        taken += 1;
        push();
      });
  };
  push();
  // It stands still well before 64 MiB: what fits is in the kernel's buffers.
  let last = -1;
  await expect
    .poll(
      () => {
        const isStill = taken === last;
        last = taken;
        return isStill;
      },
      { interval: 300 },
    )
    .toBe(true);
  expect(taken).toBeLessThan(wanted / 2);
});

test("[M5] where nobody listens behind it, a relay closes the connection at once", async () => {
  await start();
  const client = dial();
  await closed(client);
});

test("[M5] a service that goes away takes its connections along, and the relay stays", async () => {
  await start({}, (each) => void each.destroy());
  await closed(dial());
  await closed(dial());
});

test("[M5] one device has no more than its share of connections, whichever of its addresses it uses", async () => {
  await start({ limiter: createLimiter({ perSource: 2, total: 10 }) }, (each) => {
    each.write("in");
    each.resume().once("end", () => each.end());
  });
  const first = dial();
  await once(first, "data");
  await once(dial(), "data");
  const third = dial();
  await closed(third);
  expect(third.bytesRead).toBe(0);
  first.destroy();
  // Its place is free again.
  await expect
    .poll(async () => {
      const next = dial();
      const [event] = await Promise.race([once(next, "data").then(() => ["data"]), closed(next).then(() => ["close"])]);
      return event;
    })
    .toBe("data");
});

test("connections on which nothing moves are closed", async () => {
  // Longer than a busy machine takes to bring the two bytes.
  await start({ idleMs: 1000 }, (each) => void each.write("in"));
  const client = dial();
  await closed(client);
  expect(client.bytesRead).toBe(2);
});

test("[M3] the connections of a device that is taken out end at once; those of others do not", async () => {
  await start({}, (each) => void each.write("in"));
  const client = dial();
  await once(client, "data");
  relay?.closeFrom("fd12:0:0:0:0:0:0:0/112");
  client.write("still here");
  expect(client.destroyed).toBe(false);
  const ended = closed(client);
  relay?.closeFrom(devicePrefixOf("::1") ?? "");
  await ended;
});
