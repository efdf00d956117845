/** Writes down one life of a component in order: what came in, the values that it read, what went out. */
import type { Entry, Event, Header, Output, ValueKind } from "./entry.ts";
import { real, takeOver } from "./realm.ts";
import { createRecordFile } from "./record-file.ts";

export type Recorder = {
  /** Before the component hears of it. It is on disk when this returns: an input may be the last. */
  event(event: Event): void;
  output(output: Output): void;
  /** The next number of this kind of thing. */
  number(kind: "link" | "listener" | "promise"): number;
  /** `promise`, whose end is an event. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Bytes that wait for a peer; few are as good as none. */
  queued(sizeBytes: number): number;
  close(): void;
};

/** No bound of a channel is below it. */
const fewBytes = 64 * 1024;

/** Begins a record of at most `maxBytes` and takes the clocks, timers and random numbers of this process over. */
export function startRecorder(path: string, maxBytes: number, header: Header): Recorder {
  const file = createRecordFile(path, maxBytes);
  const beganMs = real.monotonicMs();
  const numbers = { link: 0, listener: 0, promise: 0, timer: 0 };
  /** The component has done with the last event: promises that it resolved have been followed. */
  let isDone = true;
  let queuedReads = 0;
  let willFlush = false;

  function append(entry: Entry): void {
    file.append(entry);
    if (willFlush) return;
    willFlush = true;
    real.setImmediate(() => {
      willFlush = false;
      file.flush();
    });
  }

  function event(what: Event): void {
    queuedReads = 0;
    const isJoined = !isDone;
    isDone = false;
    queueMicrotask(() => {
      isDone = true;
    });
    append(["in", Math.round((real.monotonicMs() - beganMs) * 1000), isJoined, what]);
    file.flush();
  }

  const output = (what: Output) => append(["out", what]);

  function value<T>(kind: ValueKind, read: () => T): T {
    const result = read();
    append(["value", kind, result]);
    return result;
  }

  append(["header", header]);
  const giveBack = takeOver({
    value,
    schedule(kind, delayMs, run) {
      const timer = numbers.timer++;
      output(["timer", kind, delayMs]);
      const fire = () => {
        event(["timer", timer]);
        run();
      };
      if (kind === "immediate") return real.setImmediate(fire);
      return kind === "timeout" ? real.setTimeout(fire, delayMs) : real.setInterval(fire, delayMs);
    },
    cancel(timer) {
      real.clearTimeout(timer as NodeJS.Timeout);
      real.clearImmediate(timer as NodeJS.Immediate);
    },
  });

  return {
    event,
    output,
    number: (kind) => numbers[kind]++,
    settle(promise) {
      const id = numbers.promise++;
      return promise.then(
        (result) => {
          event(["settled", id, null]);
          return result;
        },
        (error: unknown) => {
          event(["settled", id, failureOf(error)]);
          throw error;
        },
      );
    },
    queued(sizeBytes) {
      const read = queuedReads++;
      if (sizeBytes < fewBytes) return 0;
      append(["value", "queued", [read, sizeBytes]]);
      return sizeBytes;
    },
    close() {
      giveBack();
      file.close();
    },
  };
}

/** An error as a record holds it. */
export function failureOf(error: unknown): { code: string; message: string } {
  const { code = "INTERNAL", message = String(error) } = (error ?? {}) as { code?: unknown; message?: string };
  return { code: String(code).slice(0, 64), message: message.slice(0, 4000) };
}
