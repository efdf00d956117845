import {
  type FromKms,
  generateSigningKey,
  randomToken,
  signMessage,
  type Transcript,
  transcriptBytes,
} from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, firstState, type SessionEvent, type SessionState } from "./decide.ts";

const instance = generateSigningKey();
const pins = {
  deviceId: "d-0123456789abcdef",
  deviceTunnelKey: randomToken(),
  kmsTunnelKey: randomToken(),
  instanceKey: instance.publicKey,
};
const deviceNonce = randomToken();
const kmsNonce = randomToken();
const envelope = {
  id: "00000000-0000-4000-8000-000000000001",
  deviceId: pins.deviceId,
  deadlineMs: 1,
  command: { kind: "restart-runtime" as const },
};

const received = (message: FromKms): SessionEvent => ({ kind: "received", text: JSON.stringify(message) });
function challenge(change: Partial<Transcript> = {}, key = instance, side: "kms" | "device" = "kms"): SessionEvent {
  const { deviceId, deviceTunnelKey, kmsTunnelKey } = pins;
  const transcript = { deviceId, deviceNonce, kmsNonce, deviceTunnelKey, kmsTunnelKey, ...change };
  const signature = signMessage(key, transcriptBytes(side, transcript));
  return received({ type: "challenge", protocol: 1, nonce: kmsNonce, signature });
}
const welcome = received({ type: "welcome", timeMs: 1000 });
const signed: SessionEvent = { kind: "signed", proof: { signature: "A".repeat(86) } };

function after(...events: SessionEvent[]) {
  let state: SessionState = firstState;
  let effects: ReturnType<typeof decide>["effects"] = [];
  for (const event of events) ({ state, effects } = decide(pins, state, event));
  return { state, effects };
}
const connected: SessionEvent = { kind: "connected", nonce: deviceNonce };
const closedWith = (code: string) => ({
  state: { phase: "over" },
  effects: [expect.objectContaining({ kind: "close", code })],
});

describe("[M4] a session with the KMS", () => {
  test("hears from a newer KMS what it takes, leaves out what it does not know, and carries out no command by half", () => {
    const greeted = [connected, challenge(), signed] as const;
    const say = (message: object): SessionEvent => ({ kind: "received", text: JSON.stringify(message) });
    const newer = say({ type: "welcome", timeMs: 1000, takes: ["telemetry", "dreams"], weather: { rain: true } });
    expect(after(...greeted, newer).effects).toEqual([
      { kind: "open", kmsTimeMs: 1000, takes: ["telemetry", "dreams"] },
    ]);
    const qualified = say({ type: "command", envelope: { ...envelope, onlyIf: "night" } });
    expect(after(...greeted, newer, qualified)).toEqual(closedWith("PROTOCOL_INVALID"));
  });

  test("greets, signs only for a KMS that proved itself, proves the device, and opens", () => {
    expect(after(connected).effects).toMatchObject([{ kind: "send", message: { type: "hello", nonce: deviceNonce } }]);
    expect(after(connected, challenge()).effects).toMatchObject([
      { kind: "sign", transcript: { deviceNonce, kmsNonce, deviceTunnelKey: pins.deviceTunnelKey } },
    ]);
    expect(after(connected, challenge(), signed).effects).toMatchObject([{ kind: "send", message: { type: "proof" } }]);
    expect(after(connected, challenge(), signed, welcome)).toEqual({
      state: { phase: "open" },
      effects: [{ kind: "open", kmsTimeMs: 1000, takes: [] }],
    });
    expect(after(connected, challenge(), signed, welcome, received({ type: "command", envelope })).effects).toEqual([
      { kind: "execute", envelope },
    ]);
  });

  test("refuses a KMS with another instance key", () => {
    expect(after(connected, challenge({}, generateSigningKey()))).toEqual(closedWith("NOT_AUTHENTICATED"));
  });

  test("refuses a signature that was made for another nonce, device or tunnel, or by the device's side", () => {
    for (const change of [
      { deviceNonce: randomToken() },
      { kmsNonce: randomToken() },
      { deviceId: "d-ffffffffffffffff" },
      { deviceTunnelKey: randomToken() },
      { kmsTunnelKey: randomToken() },
    ]) {
      expect(after(connected, challenge(change))).toEqual(closedWith("NOT_AUTHENTICATED"));
    }
    expect(after(connected, challenge({}, instance, "device"))).toEqual(closedWith("NOT_AUTHENTICATED"));
  });

  test("refuses another version of the protocol before it looks at signatures", () => {
    const message = received({ type: "challenge", protocol: 2, nonce: kmsNonce, signature: "A".repeat(86) });
    expect(after(connected, message)).toEqual(closedWith("PROTOCOL_VERSION"));
  });

  test("ends when the KMS refuses, and says why", () => {
    const refusal = received({ type: "refused", code: "DEVICE_UNKNOWN", message: "no such device" });
    expect(after(connected, refusal)).toEqual(closedWith("DEVICE_UNKNOWN"));
    expect(after(connected, refusal).effects).toMatchObject([{ reason: expect.stringContaining("no such device") }]);
  });

  test("ends when the key store does not sign", () => {
    expect(after(connected, challenge(), { kind: "failed", code: "PEER_GONE", reason: "gone" })).toEqual(
      closedWith("PEER_GONE"),
    );
  });

  test("never opens, and carries nothing out, without a valid challenge and a welcome, whatever comes in which order", () => {
    const events = fc.constantFrom<SessionEvent>(
      connected,
      challenge(),
      challenge({}, generateSigningKey()),
      signed,
      welcome,
      received({ type: "command", envelope }),
      { kind: "received", text: null },
      { kind: "received", text: "{" },
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 12 }), (history) => {
        let state: SessionState = firstState;
        const seen: string[] = [];
        for (const event of history) {
          const decision = decide(pins, state, event);
          state = decision.state;
          seen.push(...decision.effects.map(({ kind }) => kind));
        }
        const opened = seen.indexOf("open");
        if (opened !== -1) expect(seen.slice(0, opened)).toEqual(["send", "sign", "send"]);
        expect(seen.indexOf("execute") === -1 || (opened !== -1 && seen.indexOf("execute") > opened)).toBe(true);
        const closed = seen.indexOf("close");
        expect(closed === -1 || closed === seen.length - 1).toBe(true);
      }),
    );
  });

  test("ends with a code on every garbage, in every phase", () => {
    const phases = [[], [connected], [connected, challenge()], [connected, challenge(), signed, welcome]];
    fc.assert(
      fc.property(fc.constantFrom(...phases), fc.oneof(fc.string(), fc.json(), fc.constant(null)), (before, text) => {
        expect(after(...before, { kind: "received", text })).toEqual(closedWith("PROTOCOL_INVALID"));
      }),
    );
  });
});
