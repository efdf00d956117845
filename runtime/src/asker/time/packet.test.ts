import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeRequest, readReply } from "./packet.ts";
import { answerTo, type Behaviour } from "./testing/time-server.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const nonce = randomBytes(8);
const read = (behaviour: Behaviour, atMs = nowMs) => readReply(answerTo(makeRequest(nonce), behaviour, atMs), nonce);

test("[K5] a question says nothing of this board: version 4, client, and a random number", () => {
  const packet = makeRequest(nonce);
  expect([packet.length, packet[0]]).toEqual([48, 0x23]);
  expect(packet.subarray(40)).toEqual(nonce);
  expect(packet.subarray(1, 40).every((byte) => byte === 0)).toBe(true);
});

test("[K5] a good answer has the times of the server and its own error, before and after 2036", () => {
  for (const atMs of [nowMs, Date.UTC(2036, 1, 7, 6, 28, 15), Date.UTC(2036, 1, 7, 6, 28, 17), Date.UTC(2060, 0, 1)]) {
    const heard = read({}, atMs);
    if (heard.kind !== "reply") throw new Error(heard.kind);
    expect(Math.abs(heard.receivedMs - atMs)).toBeLessThan(0.01);
    expect(Math.abs(heard.sentMs - atMs)).toBeLessThan(0.01);
    expect(heard.errorMs).toBeCloseTo(10, 0);
  }
});

test.each<[string, Behaviour, RegExp]>([
  ["of another question", { bytes: { 24: nonce.readUInt8(0) ^ 1 } }, /another question/],
  ["of a client", { bytes: { 0: 0x23 } }, /no answer of a server/],
  ["of another version", { bytes: { 0: (3 << 3) | 4 } }, /no answer of a server/],
  ["of a server that is not synchronised", { bytes: { 0: 0xc0 | 0x24 } }, /does not know the time/],
  ["of a server that has just started", { kiss: "INIT" }, /does not know the time/],
  ["of stratum 0 without a code", { kiss: "\0\0\0\0" }, /does not know the time/],
  ["of stratum 16", { bytes: { 1: 16 } }, /does not know the time/],
  ["with a root dispersion of a minute", { bytes: { 9: 60 } }, /hardly knows/],
  ["without a time", { bytes: { 40: 0, 41: 0, 42: 0, 43: 0 } }, /no time/],
  ["sent before it was asked for", { bytes: { 40: 0x90 } }, /before it was asked for/],
  ["that is cut off", { cut: 47 }, /too short/],
])("[K5] an answer %s is none", (_, behaviour, why) => {
  expect(read(behaviour)).toEqual({ kind: "other", why: expect.stringMatching(why) });
});

test("[K5] a kiss-o'-death is one only from who has heard the question", () => {
  expect(read({ kiss: "RATE" })).toEqual({ kind: "kiss", code: "RATE" });
  expect(read({ kiss: "DENY", bytes: { 31: nonce.readUInt8(7) ^ 1 } }).kind).toBe("other");
});

test("[K5] whatever bytes come, they are an answer to this question or none, and never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, fits) => {
      const packet = Buffer.from(bytes);
      if (fits && packet.length >= 32) nonce.copy(packet, 24);
      const heard = readReply(packet, nonce);
      if (heard.kind === "reply") {
        expect(packet.subarray(24, 32)).toEqual(nonce);
        expect(Number.isFinite(heard.sentMs) && heard.sentMs >= heard.receivedMs && heard.errorMs <= 16_000).toBe(true);
      }
    }),
  );
});
