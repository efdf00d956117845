/**
 * What one client keeps waiting at its provider: requests that have not begun, because the answers before them have not
 * left or are expected to be large, and answers that are there and have not left. A client that reads, however slowly, gets
 * all of them; one that takes nothing for `stallMs` loses its connection.
 */
import { BulkheadError, type Frame } from "@bulkhead/protocol";
import type { Link } from "../link.ts";
import { defaultStallMs, maxOnTheWayBytes, pauseBytes } from "./bounds.ts";
import { createExpectations } from "./expectations.ts";
import { createStallWatch } from "./stall-watch.ts";

export type Backlog = {
  /** True where `frame` has been put aside: `begin` gets it when its turn comes. */
  putAside(frame: Frame, sizeBytes: number): boolean;
  /** Requests and answers that wait. */
  waiting(): number;
  /** A handler of `operation` runs on; the result is to be called when it has ended. */
  running(operation: string): () => void;
  /** Runs `send`, now or when there is room; it gives the size of the answer of `operation`. */
  answer(operation: string, send: () => number): void;
  /** How large the answer was that a handler of `operation` gave at once. */
  answered(operation: string, sizeBytes: number): void;
  /** To be called after each message. */
  sent(): void;
  drained(): void;
  closed(): void;
};

/** `begin` takes a frame that had to wait. */
export function createBacklog(
  link: Pick<Link, "queuedBytes" | "unsentBytes" | "pause" | "hold" | "resume" | "destroy">,
  begin: (frame: Frame, sizeBytes: number) => void,
  stallMs: number = defaultStallMs,
): Backlog {
  let requests: [frame: Frame, sizeBytes: number][] = [];
  let answers: [operation: string, send: () => number][] = [];
  let isHeld = false;
  const expectations = createExpectations(goOn);
  const stall = createStallWatch(stallMs, link.unsentBytes, isClogged, () => {
    link.destroy(new BulkheadError("IPC_OVERLOADED", `the client has taken nothing for ${stallMs} ms`));
  });

  function isClogged(): boolean {
    return link.queuedBytes() > pauseBytes;
  }

  function isFull(): boolean {
    const queued = link.queuedBytes();
    return answers.length > 0 || queued > pauseBytes || queued + expectations.totalBytes() > maxOnTheWayBytes;
  }

  /** What belongs to a stream that has not begun waits with it; of one that has, nothing may. */
  function mayPass(frame: Frame): boolean {
    if (frame[0] <= 3) return requests.length === 0 && !isFull();
    return !requests.some(([request]) => request[0] === 3 && request[1] === frame[1]);
  }

  function sendFirst(): void {
    const first = answers.shift();
    if (first) expectations.learn(first[0], first[1]());
  }

  /** Nobody above would catch what it throws: the chunk that the frame came in has been read. */
  function beginFirst(): void {
    const first = requests.shift();
    try {
      if (first) begin(...first);
    } catch (cause) {
      const isKnown = cause instanceof BulkheadError;
      link.destroy(isKnown ? cause : new BulkheadError("INTERNAL", "a frame broke its reader", { cause }));
    }
  }

  function goOn(): void {
    while (answers.length > 0 && !isClogged()) sendFirst();
    while (requests.length > 0 && !isFull()) beginFirst();
    if (isHeld && requests.length === 0) {
      isHeld = false;
      link.resume();
    }
    sent();
  }

  function sent(): void {
    if (!isClogged()) return;
    link.pause();
    stall.begin();
  }

  return {
    ...{ sent, answered: expectations.learn, running: expectations.begin },
    putAside(frame, sizeBytes) {
      if (mayPass(frame)) return false;
      requests.push([frame, sizeBytes]);
      if (!isHeld) link.hold();
      isHeld = true;
      return true;
    },
    waiting: () => requests.length + answers.length,
    answer(operation, send) {
      if (answers.length === 0 && !isClogged()) expectations.learn(operation, send());
      else answers.push([operation, send]);
    },
    drained() {
      stall.end();
      goOn();
    },
    closed() {
      requests = [];
      answers = [];
      isHeld = false;
      stall.end();
      expectations.close();
    },
  };
}
