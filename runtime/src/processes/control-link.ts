/**
 * The root server's end of one control channel. Everything that a component says passes here: length before content,
 * frame before kind, kind before body, and no more of it than a well-behaved component has to say.
 */
import type { Duplex } from "node:stream";
import {
  BulkheadError,
  maxControlFrameBytes,
  notificationFrame,
  type ToComponent,
  type ToRoot,
  toRoot,
} from "@bulkhead/protocol";
import { createFrameReader, encodeFrame } from "@bulkhead/sdk";

export type MessageToRoot = { [K in keyof ToRoot]: { readonly kind: K; readonly body: ToRoot[K] } }[keyof ToRoot];

export type ControlLink = {
  send<K extends keyof ToComponent>(kind: K, body: ToComponent[K]): void;
};

type Handlers = {
  readonly onMessage: (message: MessageToRoot) => void;
  /** Called once, with what the component did, after its name: `sent ...`. Nothing is read from it any more. */
  readonly onBroken: (what: string) => void;
};

/** A heartbeat a second and a few words are normal; the root server must not be kept busy by more. */
const messagesPerSecond = 50;
const burst = 200;
/** A component that does not read has this much waiting: several states of the whole device. */
const maxUnreadBytes = 4 * 1024 * 1024;

/** Speaks with a component over `stream`, which is its file descriptor 3. */
export function openControlLink(
  stream: Duplex,
  handlers: Handlers,
  nowMs: () => number = performance.now.bind(performance),
): ControlLink {
  const allowance = createAllowance(nowMs);
  const reader = createFrameReader((message) => {
    if (!allowance.take()) throw new BulkheadError("IPC_OVERLOADED", "sent more control messages than it may");
    handlers.onMessage(parseMessage(message));
  }, maxControlFrameBytes);
  let isBroken = false;

  function breakOff(what: string): void {
    if (isBroken) return;
    isBroken = true;
    handlers.onBroken(what);
  }

  // What is told may hold the words of components: where it fits no frame, this one goes, and not the root server.
  function frameOf(kind: string, body: unknown): Buffer | undefined {
    try {
      return encodeFrame([2, kind, body]);
    } catch (error) {
      breakOff(`cannot be told ${kind}: ${(error as Error).message}`);
      return undefined;
    }
  }

  stream.on("data", (chunk: Buffer) => {
    if (isBroken) return;
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      breakOff(
        error.code === "IPC_OVERLOADED" ? error.message : `sent garbage on its control channel: ${error.message}`,
      );
    }
  });
  // Its end is told by the end of its process; a component that only closes the channel stops giving heartbeats.
  stream.on("error", () => undefined);

  return {
    send(kind, body) {
      if (isBroken || !stream.writable) return;
      const frame = frameOf(kind, body);
      if (frame) stream.write(frame);
      if (stream.writableLength > maxUnreadBytes) breakOff("does not read its control channel");
    },
  };
}

/** Parses one message. Throws IPC_FRAME_INVALID. */
export function parseMessage(message: unknown): MessageToRoot {
  const frame = notificationFrame.safeParse(message);
  if (!frame.success) throw new BulkheadError("IPC_FRAME_INVALID", "a frame is not a notification");
  const [, kind, body] = frame.data;
  if (!isKind(kind)) throw new BulkheadError("IPC_FRAME_INVALID", `there is no message ${JSON.stringify(kind)}`);
  const parsed = toRoot[kind].safeParse(body);
  if (!parsed.success) throw new BulkheadError("IPC_FRAME_INVALID", `the message ${kind} is not well formed`);
  return { kind, body: parsed.data } as MessageToRoot;
}

function isKind(kind: string): kind is keyof ToRoot {
  return Object.hasOwn(toRoot, kind);
}

// A token bucket.
function createAllowance(nowMs: () => number): { take(): boolean } {
  let tokens = burst;
  let lastMs = nowMs();
  return {
    take() {
      const now = nowMs();
      tokens = Math.min(burst, tokens + ((now - lastMs) * messagesPerSecond) / 1000);
      lastMs = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
