/**
 * One websocket connection to the KMS: carries out what the session decides, and watches that the other side is alive.
 * It decides nothing about content.
 */
import {
  commandChannelPath,
  type FromDevice,
  maxMessageBytes,
  randomToken,
  reportError,
  type Transcript,
} from "@bulkhead/protocol";
import { type RawData, WebSocket } from "ws";
import type { AgentConfig } from "../config.ts";
import { createAcknowledgements } from "./acknowledgements.ts";
import { decide, firstState, type Proof, type SessionEffect, type SessionEvent } from "./decide.ts";
import { createReceipts } from "./receipts.ts";

/** A session that is open, for the parts that speak in it. */
export type OpenSession = {
  send: (message: FromDevice) => void;
  /**
   * Resolves when everything sent so far has reached the KMS; rejects when the connection ends first. Who waits for it
   * before sending more never queues without end.
   */
  settled: () => Promise<void>;
  /** A number for a batch that the KMS is to acknowledge, and when it has stored it; rejects when the connection ends. */
  nextBatch: () => { batch: number; stored: Promise<void> };
  /** Aborted when the connection has ended. */
  closed: AbortSignal;
};
export type ConnectionPorts = {
  /** The key store's proof over the transcript. */
  sign: (transcript: Transcript) => Promise<Proof>;
  onOpen: (session: OpenSession, kmsTimeMs: number, takes: readonly string[]) => void;
  onCommand: (envelope: Extract<SessionEffect, { kind: "execute" }>["envelope"]) => void;
};
export type ConnectionTimes = {
  /** From the start of the connection to `welcome`. */
  handshakeMs: number;
  /** Between two looks at whether the KMS is alive, and how long it may take to answer. */
  livenessMs: number;
};
export const connectionTimes: ConnectionTimes = { handshakeMs: 10_000, livenessMs: 10_000 };

export type Ending = { readonly code: string; readonly reason: string; readonly openedAtMs: number | null };

/** Connects, runs the session, and answers why it ended. Never rejects. `stop` ends it from this side. */
export function runConnection(
  config: AgentConfig,
  ports: ConnectionPorts,
  stop: AbortSignal,
  times = connectionTimes,
): Promise<Ending> {
  return new Promise((resolve) => startConnection(config, ports, stop, times, resolve));
}

function startConnection(
  config: AgentConfig,
  ports: ConnectionPorts,
  stop: AbortSignal,
  times: ConnectionTimes,
  onEnd: (ending: Ending) => void,
): void {
  const over = new AbortController();
  const socket = new WebSocket(`ws://${config.authority}${commandChannelPath}`, {
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handshakeTimeout: times.handshakeMs,
  });
  const receipts = createReceipts((payload) => socket.ping(payload));
  const acknowledgements = createAcknowledgements();
  let state = firstState;
  let openedAtMs: number | null = null;

  function end(code: string, reason: string): void {
    if (over.signal.aborted) return;
    over.abort();
    receipts.fail(reason);
    acknowledgements.fail(reason);
    clearTimeout(handshake);
    clearInterval(liveness);
    stop.removeEventListener("abort", onStop);
    // terminate, not close: a peer that sends garbage gets no say in when its connection ends.
    socket.terminate();
    onEnd({ code, reason, openedAtMs });
  }

  function feed(event: SessionEvent): void {
    const decision = decide(config.pins, state, event);
    state = decision.state;
    for (const effect of decision.effects) run(effect);
  }

  function send(message: FromDevice): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  function run(effect: SessionEffect): void {
    if (effect.kind === "send") send(effect.message);
    else if (effect.kind === "execute") ports.onCommand(effect.envelope);
    else if (effect.kind === "close") end(effect.code, effect.reason);
    else if (effect.kind === "open") open(effect.kmsTimeMs, effect.takes);
    else if (effect.kind === "stored") acknowledgements.confirm(effect.batch);
    else void sign(effect.transcript);
  }

  async function sign(transcript: Transcript): Promise<void> {
    try {
      feed({ kind: "signed", proof: await ports.sign(transcript) });
    } catch (error) {
      const { code, message } = reportError(error);
      feed({ kind: "failed", code, reason: `the key store did not sign: ${message}` });
    }
  }

  function open(kmsTimeMs: number, takes: readonly string[]): void {
    openedAtMs = performance.now();
    clearTimeout(handshake);
    const session = { send, settled: receipts.ask, nextBatch: acknowledgements.next, closed: over.signal };
    ports.onOpen(session, kmsTimeMs, takes);
  }

  function checkLiveness(): void {
    const late = setTimeout(() => end("DEADLINE_EXCEEDED", "the KMS gave no sign of life"), times.livenessMs);
    const settle = () => clearTimeout(late);
    receipts.ask().then(settle, settle);
  }

  const onStop = () => end("PEER_GONE", "the agent stops");
  const handshake = setTimeout(
    () => end("DEADLINE_EXCEEDED", "the KMS did not finish the handshake"),
    times.handshakeMs,
  );
  const liveness = setInterval(() => {
    if (state.phase === "open") checkLiveness();
  }, times.livenessMs);
  socket.on("open", () => feed({ kind: "connected", nonce: randomToken() }));
  socket.on("message", (data, isBinary) => feed({ kind: "received", text: isBinary ? null : textOf(data) }));
  socket.on("pong", receipts.confirm);
  socket.on("error", (error) => end("PEER_GONE", `the connection to the KMS failed: ${error.message}`));
  socket.on("close", (code) => end("PEER_GONE", `the KMS closed the connection (${code})`));
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop);
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.concat([data].flat() as Buffer[]).toString("utf8");
}
