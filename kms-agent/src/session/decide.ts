/**
 * One session with the KMS as a pure decision: what came in and the state before it give the state after it and what to
 * do. The order of messages is that of protocol/src/command-channel.ts; whatever comes out of order ends the session.
 */
import {
  type CommandEnvelope,
  commandChannelProtocol,
  type ErrorCode,
  type FromDevice,
  type FromKms,
  fromKms,
  parseIgnoringUnknown,
  type Transcript,
  transcriptBytes,
  verifySignature,
} from "@bulkhead/protocol";
import type { Pins } from "../config.ts";

export type SessionState =
  | { readonly phase: "connecting" }
  | { readonly phase: "greeting"; readonly deviceNonce: string }
  | { readonly phase: "signing" }
  | { readonly phase: "proving" }
  | { readonly phase: "open" }
  | { readonly phase: "over" };

/** The key store's signature, and what redeems the enrolment token while the device has one. */
export type Proof = Omit<Extract<FromDevice, { type: "proof" }>, "type">;

export type SessionEvent =
  | { readonly kind: "connected"; readonly nonce: string }
  /** A message as it came; null where it was not text. */
  | { readonly kind: "received"; readonly text: string | null }
  | { readonly kind: "signed"; readonly proof: Proof }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly reason: string };

export type SessionEffect =
  | { readonly kind: "send"; readonly message: FromDevice }
  | { readonly kind: "sign"; readonly transcript: Transcript }
  | { readonly kind: "open"; readonly kmsTimeMs: number; readonly takes: readonly string[] }
  | { readonly kind: "stored"; readonly batch: number }
  | { readonly kind: "execute"; readonly envelope: CommandEnvelope }
  | { readonly kind: "close"; readonly code: ErrorCode; readonly reason: string };

export type Decision = { readonly state: SessionState; readonly effects: readonly SessionEffect[] };

export const firstState: SessionState = { phase: "connecting" };

/** Decides about `event`. Never throws; garbage gives a `close` with a code. */
export function decide(pins: Pins, state: SessionState, event: SessionEvent): Decision {
  // Nothing brings a session back: what arrives late is for nobody.
  if (state.phase === "over") return { state, effects: [] };
  if (event.kind === "failed") return close(event.code, event.reason);
  if (event.kind === "received") return decideReceived(pins, state, event.text);
  if (event.kind === "connected" && state.phase === "connecting") return greet(pins, event.nonce);
  if (event.kind === "signed" && state.phase === "signing") {
    return go({ phase: "proving" }, { kind: "send", message: { type: "proof", ...event.proof } });
  }
  return close("INTERNAL", `the session got ${event.kind} while ${state.phase}`);
}

function greet({ deviceId }: Pins, nonce: string): Decision {
  const message: FromDevice = { type: "hello", protocol: commandChannelProtocol, deviceId, nonce };
  return go({ phase: "greeting", deviceNonce: nonce }, { kind: "send", message });
}

function decideReceived(pins: Pins, state: SessionState, text: string | null): Decision {
  const message = parseMessage(text);
  if (message === undefined) return close("PROTOCOL_INVALID", "the KMS sent something that is not a message");
  if (message.type === "refused")
    return close(refusalCode(message.code), `the KMS refuses this device: ${message.message}`);
  if (message.type === "challenge" && state.phase === "greeting") return answer(pins, state.deviceNonce, message);
  if (message.type === "welcome" && state.phase === "proving") {
    return go({ phase: "open" }, { kind: "open", kmsTimeMs: message.timeMs, takes: message.takes ?? [] });
  }
  if (message.type === "command" && state.phase === "open")
    return go(state, { kind: "execute", envelope: message.envelope });
  if (message.type === "stored" && state.phase === "open") return go(state, { kind: "stored", batch: message.batch });
  return close("PROTOCOL_INVALID", `the KMS sent ${message.type} while ${state.phase}`);
}

type Challenge = Extract<FromKms, { type: "challenge" }>;

/** Only who holds the pinned instance key, in this tunnel and for this nonce, gets the device's own signature. */
function answer(pins: Pins, deviceNonce: string, challenge: Challenge): Decision {
  if (challenge.protocol !== commandChannelProtocol) {
    return close(
      "PROTOCOL_VERSION",
      `the KMS speaks version ${challenge.protocol}, this agent ${commandChannelProtocol}`,
    );
  }
  const transcript: Transcript = {
    deviceId: pins.deviceId,
    deviceNonce,
    kmsNonce: challenge.nonce,
    deviceTunnelKey: pins.deviceTunnelKey,
    kmsTunnelKey: pins.kmsTunnelKey,
  };
  if (!verifySignature(pins.instanceKey, transcriptBytes("kms", transcript), challenge.signature)) {
    return close("NOT_AUTHENTICATED", "the KMS could not prove that it holds the pinned instance key");
  }
  return go({ phase: "signing" }, { kind: "sign", transcript });
}

function parseMessage(text: string | null): FromKms | undefined {
  if (text === null) return undefined;
  try {
    const message: unknown = JSON.parse(text);
    // A command that says more than this agent understands must not be carried out by half.
    if ((message as FromKms | null)?.type === "command") return fromKms.parse(message);
    return parseIgnoringUnknown(fromKms, message);
  } catch {
    return undefined;
  }
}

// The KMS is another program, perhaps a newer one: its code is shown only where this table knows it.
function refusalCode(code: string): ErrorCode {
  return code === "DEVICE_UNKNOWN" || code === "PROTOCOL_VERSION" || code === "ENROLMENT_REFUSED"
    ? code
    : "DEVICE_AUTHENTICATION_FAILED";
}

function go(state: SessionState, ...effects: SessionEffect[]): Decision {
  return { state, effects };
}

function close(code: ErrorCode, reason: string): Decision {
  return go({ phase: "over" }, { kind: "close", code, reason });
}
