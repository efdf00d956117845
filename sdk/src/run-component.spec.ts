import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import {
  type AnyComponent,
  createFrameReader,
  createLog,
  defineComponent,
  defineInterface,
  encodeFrame,
  runComponent,
} from "./index.ts";

const lamp = defineInterface({
  name: "lamp",
  operations: {
    set: { arguments: z.strictObject({ on: z.boolean() }), result: z.null(), idempotent: true },
    get: { arguments: z.null(), result: z.strictObject({ on: z.boolean() }), idempotent: true },
  },
  notifications: { changed: z.strictObject({ on: z.boolean() }) },
});

async function socketPair(dir: string): Promise<[Socket, Socket]> {
  const path = join(dir, `pair-${Math.random()}`);
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  const client = createConnection(path);
  const [accepted] = (await once(server, "connection")) as [Socket];
  server.close();
  return [client, accepted];
}

test("[K3] two components talk", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sdk-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  await mkdir(join(dir, "user.light"));
  const seen: unknown[] = [];
  const run = async (definition: AnyComponent, start: object, directories: { uses: string; provides: string }) => {
    const [mine, theirs] = await socketPair(dir);
    const messages: unknown[] = [];
    const reader = createFrameReader((m) => messages.push(m));
    theirs.on("data", (chunk) => reader.push(chunk));
    const exited = new Promise<number>((exit) => {
      void runComponent(definition, {
        directories,
        host: {
          control: mine as Duplex,
          log: createLog((l) => seen.push(l)),
          exit,
          onUncaught() {},
          flush: async () => {},
        },
      });
    });
    theirs.write(
      encodeFrame([
        2,
        "start",
        {
          protocol: 1,
          role: "application",
          incarnation: 1,
          generation: 1,
          heartbeatMs: 20,
          config: {},
          uses: [],
          provides: [],
          ...start,
        },
      ]),
    );
    return { control: theirs, messages, exited };
  };
  const channel = {
    client: "user",
    name: "light",
    provider: "house",
    service: "lamp",
    interface: "lamp",
    dependency: "strong",
    grant: {},
  };
  const house = defineComponent({
    provides: { lamp },
    start({ provides }) {
      let on = false;
      provides.lamp.serve((client) => ({
        set: (args) => {
          on = args.on;
          client.notify("changed", { on });
          return null;
        },
        get: () => ({ on }),
      }));
    },
  });
  const user = defineComponent({
    uses: { light: lamp },
    async start({ uses, log }) {
      uses.light.channel.on("changed", ({ on }) => seen.push(on));
      await uses.light.set({ on: true });
      log.info("answer", await uses.light.get());
    },
  });
  const h = await run(house, { component: "house", provides: [channel] }, { uses: dir, provides: dir });
  await expect.poll(() => h.messages.length).toBeGreaterThan(2);
  await import("node:fs/promises").then((fs) => fs.symlink(join(dir, "user.light"), join(dir, "light")));
  const u = await run(user, { component: "user", uses: [channel] }, { uses: dir, provides: dir });
  u.control.write(encodeFrame([2, "peer", { name: "light", up: true, incarnation: 1 }]));
  await expect.poll(() => u.messages.length).toBeGreaterThan(2);
  expect(seen).toEqual([true, 'info answer {"on":true}']);
  for (const c of [u, h]) {
    c.control.write(encodeFrame([2, "stop", { graceMs: 100, reason: "test" }]));
    expect(await c.exited).toBe(0);
  }
});
