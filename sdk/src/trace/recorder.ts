/**
 * Records what this component does into its ring: calls as they begin and end, what it logs, marks of its own. The ring is
 * a directory that outlives the process, so that the last entries before a crash, a hang or a SIGKILL can be read.
 */
import { setTraceSink, type TraceSink } from "../channel/trace-sink.ts";
import { openSegments, type Segments } from "./segments.ts";

/** Where the root server mounts the ring of a component. */
export const traceDirectory = "/run/trace";

/** A mark is a sentence, not a document. */
const maxMarkLength = 300;

export type TraceSettings = { readonly ringBytes: number; readonly enabled: boolean };
export type TraceRecorder = { setEnabled(isEnabled: boolean): void };

// A record of the component has its trace neither as an input nor as an output.
const { setImmediate } = globalThis;
const readClock = process.hrtime.bigint;

let current: { mark(text: string): void } | undefined;

/** Puts a mark into the trace of this component; nothing while it is off. */
export function traceMark(text: string): void {
  current?.mark(text);
}

/** Makes the recorder of this process and starts it where the settings say so. */
export function createTraceRecorder(
  { ringBytes, enabled }: TraceSettings,
  incarnation: number,
  directory = traceDirectory,
): TraceRecorder {
  let segments: Segments | undefined;
  let waiting: string[] = [];

  function flush(): void {
    const lines = waiting;
    waiting = [];
    try {
      for (const line of lines) segments?.append(line);
    } catch {
      // A component must not fail because its trace does.
      setEnabled(false);
    }
  }

  // Entries of one turn of the event loop are written together at its end.
  function add(...entry: readonly (string | number | null)[]): void {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push(JSON.stringify([nowUs(), ...entry]));
  }

  const sink: TraceSink = {
    callBegan(side, channel, operation, id) {
      add("b", side, channel, operation, id);
      // What a provider was asked last is what matters when it never answers: its loop may not turn again.
      if (side === "provider") flush();
    },
    callEnded: (side, channel, operation, id, error) => add("e", side, channel, operation, id, error),
  };

  function setEnabled(isEnabled: boolean): void {
    if (isEnabled === (segments !== undefined) || (isEnabled && ringBytes === 0)) return;
    if (isEnabled) {
      segments = openSegments(directory, ringBytes);
      // What it did in the turn in which it gives up is what a crash record is read for.
      process.on("exit", flush);
      current = { mark: (text) => add("m", text.slice(0, maxMarkLength)) };
      setTraceSink(sink);
      add("s", incarnation);
    } else {
      process.off("exit", flush);
      setTraceSink(undefined);
      current = undefined;
      segments?.close();
      segments = undefined;
      waiting = [];
    }
  }

  setEnabled(enabled);
  return { setEnabled };
}

/** CLOCK_MONOTONIC, which all processes of a device share: entries of two components can be laid side by side. */
function nowUs(): number {
  return Number(readClock() / 1000n);
}
