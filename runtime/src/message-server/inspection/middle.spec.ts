import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainChannel } from "@bulkhead/protocol/testing";
import { createLog, defineInterface } from "@bulkhead/sdk";
import { createClientEnd, listenChannel } from "@bulkhead/sdk/testing";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { standInTheMiddle } from "./index.ts";

const counter = defineInterface({
  name: "counter",
  operations: {
    read: { arguments: z.null(), result: z.number(), idempotent: true },
    add: { arguments: z.number(), result: z.number(), idempotent: false },
    big: { arguments: z.null(), result: z.instanceof(Uint8Array), idempotent: true },
  },
  streams: {
    count: { arguments: z.number(), item: z.number(), direction: "from-provider" },
    sum: { arguments: z.null(), item: z.number(), direction: "from-client" },
  },
  notifications: { changed: z.number() },
});

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Provider, middle and client on real sockets, each with its own directory as the root server lays them out. */
async function line(terms: Parameters<typeof plainChannel>[0] | object = {}) {
  const root = await mkdtemp(join(tmpdir(), "bulkhead-middle-"));
  ends.push(() => rm(root, { recursive: true, force: true }));
  for (const end of ["front", "back"]) await mkdir(join(root, end, "c.n"), { recursive: true });
  const channel = plainChannel({
    client: "c",
    name: "n",
    provider: "p",
    interface: "counter",
    inspect: true,
    ...terms,
  });
  const lines: string[] = [];
  const log = createLog((text) => lines.push(text));
  const directories = { provides: join(root, "front"), uses: join(root, "back") };
  const start = async () => {
    const middle = await standInTheMiddle({ channel, log, directories });
    ends.push(middle.close);
    return middle;
  };
  let value = 0;
  const listen = (incarnation: number) =>
    listenChannel<typeof counter>({
      ...{ interface: counter, service: "counter", channel, path: join(root, "back", "c.n", "socket"), log },
      self: { component: "p", incarnation },
      accept: (client) => ({
        read: () => value,
        add(by) {
          value += by;
          client.notify("changed", value);
          return value;
        },
        big: () => new Uint8Array(900_000),
        async *count(to) {
          for (let i = 0; i < to; i++) yield i;
        },
        async sum(_, items) {
          for await (const item of items) value += item;
        },
      }),
    });
  const clientEnd = (component = "c") => {
    const path = join(root, "front", "c.n", "socket");
    const end = createClientEnd({ interface: counter, path, name: "n", self: { component, incarnation: 1 }, log });
    ends.push(end.close);
    return end;
  };
  let provider = await listen(7);
  ends.push(() => provider.close());
  let middle = await start();
  const end = clientEnd();
  end.setPeer({ up: true, incarnation: 7 });
  return {
    client: end.client,
    lines,
    clientEnd,
    counters: () => middle.counters,
    async restartMiddle() {
      await middle.close();
      middle = await start();
    },
    async restartProvider() {
      await provider.close();
      end.setPeer({ up: false, incarnation: 7 });
      provider = await listen(8);
      end.setPeer({ up: true, incarnation: 8 });
    },
  };
}

describe("[K3] a channel with the message server in the middle", () => {
  test("carries calls, notifications, streams and large answers, and the provider's own incarnation", async () => {
    const { client, counters, restartProvider } = await line();
    const heard: number[] = [];
    client.channel.on("changed", (value) => heard.push(value));
    expect(await client.add(2)).toBe(2);
    expect(client.channel.incarnation).toBe(7);
    expect(heard).toEqual([2]);
    const seen: number[] = [];
    for await (const item of client.count(5000)) seen.push(item);
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    const sum = client.sum();
    for (let i = 0; i < 5000; i++) await sum.write(1);
    await sum.end();
    expect(await client.read()).toBe(5002);
    const big = await Promise.all(Array.from({ length: 5 }, () => client.big(null, { deadlineMs: 20_000 })));
    expect(big.every((bytes) => bytes.length === 900_000)).toBe(true);
    await restartProvider();
    expect(await client.read()).toBe(5002);
    expect(client.channel.incarnation).toBe(8);
    expect(counters()).toEqual({ passed: 10, notGranted: 0, rateLimited: 0, droppedNotifications: 0, broken: 0 });
  });

  test("refuses what the manifest does not list, and what comes too often, by their codes", async () => {
    const { client, counters } = await line({ operations: ["read"], ratePerSecond: 5 });
    await expect(client.add(1)).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => client.read()));
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(10);
    for (const result of refused) expect(result).toMatchObject({ reason: { code: "IPC_RATE_LIMITED" } });
    expect(counters().rateLimited).toBe(refused.length);
  });

  test("breaks with PEER_GONE when the message server ends, and comes back with it", async () => {
    const { client, restartMiddle } = await line();
    await client.read();
    const reader = client.count(1_000_000);
    await reader.next();
    await restartMiddle();
    const rest = async () => {
      for await (const _ of reader);
    };
    await expect(rest()).rejects.toMatchObject({ code: "PEER_GONE" });
    expect(await client.read(null, { deadlineMs: 20_000 })).toBe(0);
  });

  test("cuts off a client that calls itself another", async () => {
    const { clientEnd, lines } = await line();
    const impostor = clientEnd("fan");
    impostor.setPeer({ up: true, incarnation: 7 });
    await expect(impostor.client.read(null, { deadlineMs: 300 })).rejects.toMatchObject({ code: /DEADLINE|PEER_GONE/ });
    expect(lines.join()).toContain("the client calls itself fan");
  });
});
