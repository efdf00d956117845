/**
 * The calls of one channel that wait for an answer: deadlines, the bound on their number, and what becomes of them when
 * the peer goes and comes back. Pure but for the deadline timers.
 */
import { BulkheadError, type Frame, maxOutstandingCalls } from "@bulkhead/protocol";
import { type CallError, fromCallError } from "./message.ts";

type Call = {
  id: number;
  operation: string;
  args: unknown;
  idempotent: boolean;
  /** Sent once already, to a peer that has gone. */
  repeated: boolean;
  deadline: NodeJS.Timeout;
  resolve(result: unknown): void;
  reject(error: BulkheadError): void;
};

export type Calls = {
  /** Starts a call; the result is as the peer sent it, unchecked. */
  start(operation: string, args: unknown, idempotent: boolean, deadlineMs: number): Promise<unknown>;
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

/** `peerGone` makes the error with the newest incarnation that is known. */
export function trackCalls(peerName: string, peerGone: (lostIncarnation?: number) => BulkheadError): Calls {
  const sent = new Map<number, Call>();
  const waiting = new Set<Call>();
  let send: ((frame: Frame) => void) | undefined;
  let nextId = 0;

  function finish(call: Call): void {
    clearTimeout(call.deadline);
    sent.delete(call.id);
    waiting.delete(call);
  }

  function fail(call: Call, error: BulkheadError): void {
    finish(call);
    call.reject(error);
  }

  function expire(call: Call, deadlineMs: number): void {
    const text = `${peerName}.${call.operation} was not answered within ${deadlineMs} ms`;
    fail(call, send ? new BulkheadError("DEADLINE_EXCEEDED", text) : peerGone());
  }

  function transmit(call: Call): void {
    if (!send) {
      waiting.add(call);
      return;
    }
    waiting.delete(call);
    call.id = nextId;
    nextId = (nextId + 1) % 0x1_0000_0000;
    sent.set(call.id, call);
    try {
      send([0, call.id, call.operation, call.args]);
    } catch (error) {
      fail(call, error as BulkheadError);
    }
  }

  return {
    start(operation, args, idempotent, deadlineMs) {
      if (sent.size + waiting.size >= maxOutstandingCalls) {
        return Promise.reject(
          new BulkheadError("IPC_OVERLOADED", `${maxOutstandingCalls} calls wait for ${peerName} already`),
        );
      }
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(() => expire(call, deadlineMs), deadlineMs);
        const call: Call = { id: -1, operation, args, idempotent, repeated: false, deadline, resolve, reject };
        transmit(call);
      });
    },
    opened(newSend) {
      send = newSend;
      for (const call of [...waiting]) transmit(call);
    },
    closed(lostIncarnation) {
      send = undefined;
      for (const call of [...sent.values()]) {
        sent.delete(call.id);
        if (!call.idempotent || call.repeated) fail(call, peerGone(lostIncarnation));
        else {
          call.repeated = true;
          waiting.add(call);
        }
      }
    },
    peerDown() {
      for (const call of [...waiting]) if (!call.idempotent) fail(call, peerGone());
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
      finish(call);
      if (error) call.reject(fromCallError(error, `${peerName}.${call.operation}`));
      else call.resolve(result);
    },
  };
}
