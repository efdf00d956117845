/** A device's messages in their order, each parsed, with back-pressure: a device that floods waits in its own socket. */
import { BulkheadError, describeMisfit, type FromDevice, fromDevice, parseIgnoringUnknown } from "@bulkhead/protocol";
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import { parseBoundedJson } from "./bounded-json.ts";

const maxWaiting = 32;

export type Inbox = AsyncIterableIterator<FromDevice, undefined> & {
  /** The next message, which must be of this type. Errors: PROTOCOL_INVALID, also where the socket has closed. */
  expect<T extends FromDevice["type"]>(type: T): Promise<Extract<FromDevice, { type: T }>>;
};

/** Ends when the socket has closed; throws PROTOCOL_INVALID at the first message that is none. */
export function openInbox(socket: WebSocket): Inbox {
  const messages = read(socket);
  return Object.assign(messages, {
    async expect<T extends FromDevice["type"]>(type: T) {
      const { value } = await messages.next();
      if (value?.type !== type) {
        throw new BulkheadError("PROTOCOL_INVALID", `expected the message ${type}, got ${value?.type ?? "none"}`);
      }
      return value as Extract<FromDevice, { type: T }>;
    },
  });
}

function read(socket: WebSocket): AsyncIterableIterator<FromDevice, undefined> {
  const waiting: string[] = [];
  let closed = false;
  let notify = () => {};
  socket.on("message", (data, isBinary) => {
    waiting.push(isBinary ? "" : textOf(data));
    if (waiting.length >= maxWaiting) socket.pause();
    notify();
  });
  socket.once("close", () => {
    closed = true;
    notify();
  });
  return (async function* () {
    for (;;) {
      const text = waiting.shift();
      if (text !== undefined) {
        if (socket.isPaused && waiting.length < maxWaiting / 2) socket.resume();
        yield parse(text);
      } else if (closed) return undefined;
      else await new Promise<void>((resolve) => (notify = resolve));
    }
  })();
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString();
}

function parse(text: string): FromDevice {
  try {
    // A newer device says more of itself; what it says of it that is new is for nobody here.
    return parseIgnoringUnknown(fromDevice, parseBoundedJson(text));
  } catch (cause) {
    const words = wordsFor(cause);
    throw new BulkheadError("PROTOCOL_INVALID", `a message was refused: ${words}`, {
      remedy: "device and KMS must speak the same version of the protocol",
      cause,
    });
  }
}

function wordsFor(cause: unknown): string {
  // The first few say enough; there may be thousands.
  if (cause instanceof z.ZodError) return describeMisfit(cause, 500);
  return cause instanceof RangeError ? "it holds too many values" : "it is not JSON text";
}
