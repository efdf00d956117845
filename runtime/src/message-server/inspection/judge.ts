/**
 * What may cross an inspected channel. Knows the manifest's word and what has crossed so far, and trusts neither end:
 * direction, identity, list of operations, rate, answers to what was asked. Pure.
 */
import {
  BulkheadError,
  type Channel,
  type Frame,
  helloSchema,
  maxOpenStreams,
  maxOutstandingCalls,
} from "@bulkhead/protocol";
import { createRate } from "./rate.ts";

export type Verdict =
  /** Goes on to the other end. */
  | "pass"
  /** Reaches nobody: the rest of a stream that has ended, or a notification beyond the rate. */
  | "drop"
  /** Does not go on; its sender gets this. */
  | { readonly answer: Frame };

export type InspectionCounters = {
  /** Calls and streams that went on. */
  passed: number;
  /** Of operations that the manifest does not list. */
  notGranted: number;
  rateLimited: number;
  droppedNotifications: number;
  /** Connections that ended because one of the ends broke the rules. */
  broken: number;
};

export type Judge = {
  /** Both throw IPC_FRAME_INVALID where the connection cannot go on. */
  fromClient(frame: Frame): Verdict;
  fromProvider(frame: Frame): Verdict;
};

const refusals = {
  IPC_NOT_GRANTED: "the manifest does not allow this operation",
  IPC_RATE_LIMITED: "the manifest allows fewer calls per second",
  IPC_OVERLOADED: "too many wait for the provider already",
} as const;
type Refusal = keyof typeof refusals;

type Terms = Pick<Channel, "client" | "provider" | "interface" | "operations" | "ratePerSecond">;

/** A judge of one connection; `counters` outlive it. */
export function createJudge(terms: Terms, counters: InspectionCounters, now: () => number): Judge {
  const operations = terms.operations && new Set(terms.operations);
  const calls = createRate(terms.ratePerSecond, now);
  const notifications = createRate(terms.ratePerSecond, now);
  const waiting = new Set<number>();
  /** Open streams, and whether the client reads them. */
  const streams = new Map<number, { clientReads: boolean }>();
  const greeted = { client: false, provider: false };

  /** The first frame of each end says who it is, and it must be who the manifest has there. */
  function greet(end: "client" | "provider", frame: Frame): Verdict {
    const hello = helloSchema.safeParse(frame[0] === 2 && frame[1] === "hello" ? frame[2] : undefined);
    if (!hello.success) throw invalid("the first frame is not a hello");
    if (hello.data.component !== terms[end])
      throw invalid(`the ${end} calls itself ${hello.data.component.slice(0, 32)}`);
    if (hello.data.interface !== terms.interface) throw invalid(`the ${end} speaks another interface`);
    greeted[end] = true;
    return "pass";
  }

  function refusalOf(operation: string, isFull: boolean): Refusal | undefined {
    if (operations && !operations.has(operation)) {
      counters.notGranted++;
      return "IPC_NOT_GRANTED";
    }
    if (!calls.take()) {
      counters.rateLimited++;
      return "IPC_RATE_LIMITED";
    }
    return isFull ? "IPC_OVERLOADED" : undefined;
  }

  function call(id: number, operation: string): Verdict {
    if (waiting.has(id)) throw invalid(`call ${id} waits already`);
    const refusal = refusalOf(operation, waiting.size >= maxOutstandingCalls);
    if (refusal) return { answer: [1, id, { code: refusal, message: refusals[refusal] }, null] };
    waiting.add(id);
    counters.passed++;
    return "pass";
  }

  function open(id: number, name: string, creditBytes: number): Verdict {
    if (streams.has(id)) throw invalid(`stream ${id} is open already`);
    const refusal = refusalOf(name, streams.size >= maxOpenStreams);
    if (refusal) return { answer: [6, id, { code: refusal, message: refusals[refusal] }] };
    streams.set(id, { clientReads: creditBytes > 0 });
    counters.passed++;
    return "pass";
  }

  /** Of a stream that is open: its credit, items and end from the client. */
  function streamFromClient(frame: Frame): Verdict {
    const id = frame[1] as number;
    const stream = streams.get(id);
    if (!stream) return "drop";
    if (frame[0] === 5) stream.clientReads = true;
    // One that writes waits for the provider's word that all was taken.
    if (frame[0] === 6 && (stream.clientReads || frame[2] !== null)) streams.delete(id);
    return "pass";
  }

  function streamFromProvider(frame: Frame): Verdict {
    const id = frame[1] as number;
    if (!streams.has(id)) return "drop";
    if (frame[0] === 6) streams.delete(id);
    return "pass";
  }

  function notification(): Verdict {
    if (notifications.take()) return "pass";
    counters.droppedNotifications++;
    return "drop";
  }

  return {
    fromClient(frame) {
      if (!greeted.client) return greet("client", frame);
      if (frame[0] === 0) return call(frame[1], frame[2]);
      if (frame[0] === 3) return open(frame[1], frame[2], frame[4]);
      if (frame[0] > 3) return streamFromClient(frame);
      throw invalid("a client may not send answers and notifications");
    },
    fromProvider(frame) {
      if (!greeted.provider) return greet("provider", frame);
      if (frame[0] === 2) return notification();
      if (frame[0] > 3) return streamFromProvider(frame);
      if (frame[0] !== 1) throw invalid("a provider may not ask");
      if (!waiting.delete(frame[1])) throw invalid("the provider answers what was not asked");
      return "pass";
    },
  };
}

function invalid(text: string): BulkheadError {
  return new BulkheadError("IPC_FRAME_INVALID", text);
}
