import { PassThrough } from "node:stream";
import { maxControlFrameBytes } from "@bulkhead/protocol";
import { createFrameReader, encodeFrame } from "@bulkhead/sdk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MessageToRoot, openControlLink, parseMessage } from "./control-link.ts";

function open(nowMs = () => 0) {
  const stream = new PassThrough();
  const messages: MessageToRoot[] = [];
  const broken: string[] = [];
  const link = openControlLink(
    stream,
    { onMessage: (message) => messages.push(message), onBroken: (what) => broken.push(what) },
    nowMs,
  );
  // PassThrough would echo what the link sends; what a component says is emitted instead of written.
  const say = (bytes: Uint8Array) => stream.emit("data", Buffer.from(bytes));
  return { stream, messages, broken, link, say };
}

describe("the control channel", () => {
  test("what a component says arrives, in pieces of any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (size) => {
        const { messages, broken, say } = open();
        const bytes = Buffer.concat([
          encodeFrame([2, "ready", {}]),
          encodeFrame([2, "fault", { reason: "no more" }]),
          encodeFrame([2, "heartbeat", {}]),
        ]);
        for (let at = 0; at < bytes.length; at += size) say(bytes.subarray(at, at + size));
        expect(messages).toEqual([
          { kind: "ready", body: {} },
          { kind: "fault", body: { reason: "no more" } },
          { kind: "heartbeat", body: {} },
        ]);
        expect(broken).toEqual([]);
      }),
    );
  });

  test.each([
    ["a frame above the limit", Buffer.from([0, 1, 0, 1]), /frame of 65537 bytes; at most 65536/],
    ["no MessagePack", Buffer.from([0, 0, 0, 1, 0xc1]), /sent garbage/],
    ["a request", encodeFrame([0, 1, "ready", {}]), /not a notification/],
    ["an unknown kind", encodeFrame([2, "reboot", {}]), /no message "reboot"/],
    ["a kind of Object's", encodeFrame([2, "constructor", {}]), /no message "constructor"/],
    ["a body with more in it", encodeFrame([2, "ready", { more: 1 }]), /message ready is not well formed/],
    [
      "a digest that is a path",
      encodeFrame([2, "activate", { releaseDigest: "../../etc" }]),
      /activate is not well formed/,
    ],
  ])("%s breaks the link once, with the reason, and nothing more is read", (_, bytes, reason) => {
    const { messages, broken, say } = open();
    say(bytes);
    say(encodeFrame([2, "ready", {}]));
    expect(broken).toEqual([expect.stringMatching(reason)]);
    expect(messages).toEqual([]);
  });

  test("[K2] any bytes at all either are messages or break the link; they never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const { broken, say } = open();
        for (const chunk of chunks) say(chunk);
        expect(broken.length).toBeLessThanOrEqual(1);
      }),
    );
    fc.assert(
      fc.property(fc.anything(), (message) => {
        try {
          parseMessage(message);
        } catch (error) {
          expect(error).toMatchObject({ code: "IPC_FRAME_INVALID" });
        }
      }),
    );
  });

  test("[K8] a component that talks without end is cut off; heartbeats for ever are not", () => {
    let nowMs = 0;
    const patient = open(() => nowMs);
    for (let beat = 0; beat < 2000; beat++) {
      nowMs += 100;
      patient.say(encodeFrame([2, "heartbeat", {}]));
    }
    expect(patient.broken).toEqual([]);
    const flood = Array.from({ length: 300 }, () => encodeFrame([2, "heartbeat", {}]));
    patient.say(Buffer.concat(flood));
    expect(patient.broken).toEqual(["sent more control messages than it may"]);
  });

  test("a component that does not read is noticed before it costs memory", () => {
    const { link, broken, stream } = open();
    stream.pause();
    const reason = "x".repeat(maxControlFrameBytes);
    for (let message = 0; message < 200 && broken.length === 0; message++) link.send("stop", { graceMs: 1, reason });
    expect(broken).toEqual(["does not read its control channel"]);
    expect(stream.writableLength).toBeLessThan(5 * 1024 * 1024);
  });

  test("what fits no frame ends this link and throws nothing: the root server lives on", () => {
    const { link, broken } = open();
    link.send("stop", { graceMs: 1, reason: "x".repeat(2 * 1024 * 1024) });
    expect(broken).toEqual([expect.stringMatching(/^cannot be told stop: a frame of/)]);
  });

  test("what is sent is a notification frame", async () => {
    const { link, stream } = open();
    stream.removeAllListeners("data");
    const heard = new Promise((resolve) => {
      const reader = createFrameReader(resolve);
      stream.on("data", (chunk: Buffer) => reader.push(chunk));
    });
    link.send("peer", { name: "sensor", up: true, incarnation: 3 });
    expect(await heard).toEqual([2, "peer", { name: "sensor", up: true, incarnation: 3 }]);
  });
});
