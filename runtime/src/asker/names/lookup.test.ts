/** The resolver's own work, against name servers of every kind on the loopback. */
import { Resolver } from "node:dns/promises";
import { answerSchema } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { lookUp, patience } from "./lookup.ts";
import type { Behaviour } from "./testing/answers.ts";
import { startNameServer } from "./testing/name-server.ts";

const name = "gw.example.com";

/** Behaviours that are answers, and good ones: none of them is to be given up. */
const answers = new Set<Behaviour["kind"]>(["address", "cut", "huge"]);

/** What comes of asking a server that behaves so, and what it was asked. */
async function askOne(behaviour: Behaviour) {
  const server = await startNameServer("127.0.0.1", 0, behaviour);
  // What answers does so at once, if this machine lets it.
  const resolver = new Resolver(answers.has(behaviour.kind) ? { ...patience, timeout: 20_000 } : patience);
  resolver.setServers([`127.0.0.1:${server.port}`]);
  try {
    const answer = await lookUp({ name, resolvers: ["127.0.0.1"] }, resolver);
    return { answer: answerSchema.parse(answer), asked: server.asked };
  } finally {
    server.close();
  }
}

describe.concurrent("the resolver", () => {
  test("[K13] finds the address of a name, of either family, with the time that it is good for", async () => {
    const four = await askOne({ kind: "address", address: "10.77.0.1", ttl: 77 });
    expect(four.answer).toEqual({ addresses: [{ address: "10.77.0.1", ttlSeconds: 77 }], failure: null });
    const six = await askOne({ kind: "address", address: "2001:db8:0:0:0:0:0:9" });
    expect(six.answer).toEqual({ addresses: [{ address: "2001:db8::9", ttlSeconds: 60 }], failure: null });
  });

  test("[K23] asks for the two kinds of address of that name, and for nothing else", async () => {
    const { asked } = await askOne({ kind: "no-such-name" });
    expect(asked.every((question) => question.name.toLowerCase() === name)).toBe(true);
    expect([...new Set(asked.map(({ type }) => type))].sort()).toEqual([1, 28]);
  });

  test("[K13] asks again by TCP where an answer was cut off", async () => {
    const { answer } = await askOne({ kind: "cut" });
    expect(answer.addresses.map(({ address }) => address)).toEqual(["192.0.2.1", "2001:db8::1"]);
  });

  test("[K13] takes a time that no answer can have for none at all", async () => {
    const found = [-1, 0, 2 ** 31 - 1, 2 ** 31, 0.5].map((ttl, index) => ({ address: `192.0.2.${index}`, ttl }));
    const lookup = { resolve4: async () => found, resolve6: async () => [] } as unknown as Resolver;
    const { addresses } = answerSchema.parse(await lookUp({ name, resolvers: ["127.0.0.1"] }, lookup));
    expect(addresses.map(({ ttlSeconds }) => ttlSeconds)).toEqual([0, 0, 2 ** 31 - 1, 0, 0]);
  });

  test("[K13] takes the first few of an answer that goes on and on", async () => {
    const { answer } = await askOne({ kind: "huge" });
    expect(answer.addresses.length).toBeLessThanOrEqual(8);
  });

  test.each([
    ["no-such-name", "there is no such name"],
    ["failure", "SERVFAIL"],
    ["silent", "no resolver answered"],
  ] as const)("[K13] says why there is no address: %s", async (kind, words) => {
    const { answer } = await askOne({ kind });
    expect(answer).toEqual({ addresses: [], failure: expect.stringContaining(words) });
  });

  test.each(["garbage", "loop", "wrong-id", "wrong-name", "cname-chain", "no-end", "bad-length"] as const)(
    "[K13] takes nothing from an answer that is none, and ends in time: %s",
    async (kind) => {
      const startMs = performance.now();
      const { answer } = await askOne({ kind });
      expect(answer).toEqual({ addresses: [], failure: expect.stringMatching(/./) });
      expect(performance.now() - startMs).toBeLessThan(20_000);
    },
  );
});
