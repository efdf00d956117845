/** The component's end of the control channel: typed notifications from and to the root server. */
import type { Duplex } from "node:stream";
import { BulkheadError, maxFrameBytes, type ToComponent, type ToRoot, toComponent } from "@bulkhead/protocol";
import { parseFrame, parseValue } from "./channel/message.ts";
import { createFrameReader, encodeFrame } from "./codec.ts";

type ToEvery = typeof toComponent;

/** What is for core servers alone comes as it is: who listens to it checks it. */
export type ControlHandlers = {
  [K in keyof ToComponent]: (body: K extends keyof ToEvery ? ToComponent[K] : unknown) => void;
};

export type ControlEnd = {
  tell<K extends keyof ToRoot>(kind: K, body: ToRoot[K]): void;
  /** Bytes that the root server has not read. */
  queuedBytes(): number;
  /** Resolves when all that was told has been read from this process. */
  flush(): Promise<void>;
};

/** Takes over the stream. `onEnd` hears that the root server has gone, or what it sent that cannot be. */
export function openControl(
  stream: Duplex,
  handlers: ControlHandlers,
  onEnd: (error: BulkheadError | undefined) => void,
): ControlEnd {
  const reader = createFrameReader((message) => dispatch(message, handlers), maxFrameBytes);
  stream.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      onEnd(
        error instanceof BulkheadError
          ? error
          : new BulkheadError("INTERNAL", "the control channel broke", { cause: error }),
      );
    }
  });
  stream.on("error", () => {}); // "close" follows and tells.
  stream.once("close", () => onEnd(undefined));
  stream.once("end", () => onEnd(undefined));
  return {
    tell(kind, body) {
      if (stream.writable) stream.write(encodeFrame([2, kind, body]));
    },
    queuedBytes: () => stream.writableLength,
    flush: () =>
      new Promise((resolve) => {
        if (!stream.writable) resolve();
        else stream.write("", () => resolve());
      }),
  };
}

function dispatch(message: unknown, handlers: ControlHandlers): void {
  const frame = parseFrame(message);
  const kind = frame[0] === 2 ? frame[1] : "";
  if (!Object.hasOwn(handlers, kind)) {
    throw new BulkheadError("IPC_FRAME_INVALID", `the root server sent ${kind || "no notification"}, which is unknown`);
  }
  const handle = handlers[kind as keyof ToComponent] as (body: unknown) => void;
  handle(isForEvery(kind) ? parseBody(kind, frame[2]) : frame[2]);
}

/** Most come once in a life: zod need not write and compile a parser for them, which takes longer than it saves. */
function parseBody(kind: keyof ToEvery, body: unknown): unknown {
  const once = { safeParse: (value: unknown) => toComponent[kind].safeParse(value, { jitless: true }) };
  return parseValue<unknown>(once, body, "IPC_FRAME_INVALID", `control message ${kind}`);
}

function isForEvery(kind: string): kind is keyof ToEvery {
  return Object.hasOwn(toComponent, kind);
}
