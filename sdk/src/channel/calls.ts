/**
 * The calls of one channel that wait for an answer: deadlines, the bound on their number, and what becomes of them when
 * the peer goes and comes back. Pure but for the deadline timer.
 */
import { BulkheadError, type Frame, maxOutstandingCalls } from "@bulkhead/protocol";
import type { Operation } from "../interface.ts";
import { createDeadlines } from "./deadlines.ts";
import { type CallError, fromCallError, parseValue } from "./message.ts";
import { traceSink } from "./trace-sink.ts";

type Call = {
  id: number;
  readonly operation: string;
  readonly definition: Operation;
  readonly args: unknown;
  readonly dueMs: number;
  readonly deadlineMs: number;
  /** Sent once already, to a peer that has gone. */
  repeated: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
};

export type Calls = {
  /** Starts a call of `operation` with checked arguments; its result is checked when it comes. */
  start(operation: string, definition: Operation, args: unknown, deadlineMs: number): Promise<unknown>;
  /** The connection stands: calls that wait are sent, and later ones at once. */
  opened(send: (frame: Frame) => void): void;
  /** The connection has gone: calls that may not be repeated fail, the others wait. */
  closed(lostIncarnation: number): void;
  /** The peer is known to be away: waiting calls that are not idempotent need not wait. */
  peerDown(): void;
  /** No call can succeed until `opened`. */
  failAll(error: BulkheadError): void;
  /** Throws IPC_FRAME_INVALID for the answer to a call that was never made. */
  answer(id: number, error: CallError | null, result: unknown): void;
};

/** `peerGone` makes the error with the newest incarnation that is known, and with a text where its own says too little. */
export function trackCalls(
  peerName: string,
  peerGone: (lostIncarnation?: number, text?: string) => BulkheadError,
): Calls {
  const sent = new Map<number, Call>();
  const waiting = new Set<Call>();
  let send: ((frame: Frame) => void) | undefined;
  let nextId = 0;

  const deadlines = createDeadlines((nowMs) => {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of [...sent.values(), ...waiting]) {
      if (call.dueMs <= nowMs) expire(call);
      else nextMs = Math.min(nextMs, call.dueMs);
    }
    return nextMs;
  });

  function fail(call: Call, error: BulkheadError): void {
    sent.delete(call.id);
    waiting.delete(call);
    if (traceSink && call.id >= 0) traceSink.callEnded("client", peerName, call.operation, call.id, error.code);
    call.reject(error);
  }

  function expire(call: Call): void {
    const text = `${peerName}.${call.operation} was not answered within ${call.deadlineMs} ms`;
    // It may never have been there: who reads this is to look for what keeps it, not for its end.
    const away = () => peerGone(undefined, `${text}: its provider was not connected`);
    fail(call, send ? new BulkheadError("DEADLINE_EXCEEDED", text) : away());
  }

  function transmit(call: Call): void {
    if (!send) {
      waiting.add(call);
      return;
    }
    call.id = nextId;
    nextId = (nextId + 1) % 0x1_0000_0000;
    sent.set(call.id, call);
    if (traceSink) traceSink.callBegan("client", peerName, call.operation, call.id);
    try {
      send([0, call.id, call.operation, call.args]);
    } catch (error) {
      fail(call, error as BulkheadError);
    }
  }

  return {
    start(operation, definition, args, deadlineMs) {
      if (sent.size + waiting.size >= maxOutstandingCalls) {
        return Promise.reject(
          new BulkheadError("IPC_OVERLOADED", `${maxOutstandingCalls} calls wait for ${peerName} already`),
        );
      }
      const dueMs = performance.now() + deadlineMs;
      deadlines.add(dueMs);
      return new Promise((resolve, reject) => {
        transmit({ id: -1, operation, definition, args, dueMs, deadlineMs, repeated: false, resolve, reject });
      });
    },
    opened(newSend) {
      send = newSend;
      const calls = [...waiting];
      waiting.clear();
      for (const call of calls) transmit(call);
    },
    closed(lostIncarnation) {
      send = undefined;
      for (const call of [...sent.values()]) {
        if (!call.definition.idempotent || call.repeated) fail(call, peerGone(lostIncarnation));
        else {
          sent.delete(call.id);
          call.repeated = true;
          waiting.add(call);
        }
      }
    },
    peerDown() {
      for (const call of [...waiting]) if (!call.definition.idempotent) fail(call, peerGone());
    },
    failAll(error) {
      send = undefined;
      for (const call of [...sent.values(), ...waiting]) fail(call, error);
    },
    answer(id, error, result) {
      const call = sent.get(id);
      if (!call) {
        // Answers that come after their deadline are fine; what was never asked is not.
        if (id >= nextId)
          throw new BulkheadError("IPC_FRAME_INVALID", `${peerName} answered a call that was never made`);
        return;
      }
      sent.delete(id);
      if (traceSink) traceSink.callEnded("client", peerName, call.operation, id, error?.code ?? null);
      if (error) return call.reject(fromCallError(error, `${peerName}.${call.operation}`));
      try {
        call.resolve(parseValue(call.definition.result, result, "IPC_RESULT_INVALID", call.operation, peerName));
      } catch (misfit) {
        call.reject(misfit);
      }
    },
  };
}
