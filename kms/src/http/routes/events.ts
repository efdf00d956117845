/** /api/v1/events: what happens, as server-sent events (HTML standard, section 9.2). */
import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import { type KmsEvent, kmsEventSchema } from "../../api/index.ts";
import type { Kms } from "../../kms.ts";
import { answers } from "./answers.ts";

const maxListeners = 64;
/** A page that reads slower than this many events are made is cut off; it comes back and asks for the whole state. */
const maxWaiting = 1000;
const commentMs = 15_000;

export const eventsRoute = createRoute({
  method: "get",
  path: "/api/v1/events",
  operationId: "watchEvents",
  tags: ["service"],
  summary: "Events as they happen; each is named by its type, its data is the JSON of a KmsEvent",
  responses: {
    ...answers(kmsEventSchema, ""),
    200: { description: "The stream", content: { "text/event-stream": { schema: kmsEventSchema } } },
  },
});

export function serveEvents(app: OpenAPIHono, kms: Kms): void {
  let listeners = 0;
  app.openapi(eventsRoute, (context) => {
    if (listeners >= maxListeners) {
      throw new BulkheadError("CONFLICT", `${maxListeners} listeners watch already`, { remedy: "close some pages" });
    }
    listeners++;
    return streamSSE(context, async (stream) => {
      const waiting: KmsEvent[] = [];
      let wake = new AbortController();
      let overrun = false;
      const unsubscribe = kms.events.subscribe((event) => {
        overrun ||= waiting.length >= maxWaiting;
        if (!overrun) waiting.push(event);
        wake.abort();
      });
      stream.onAbort(() => wake.abort());
      try {
        // The first bytes tell the browser that the stream is open.
        await stream.write(": welcome\n\n");
        while (!stream.aborted && !overrun) {
          const event = waiting.shift();
          if (event) await stream.writeSSE({ event: event.type, data: JSON.stringify(event) });
          else if (await isQuiet(wake.signal)) await stream.write(": still here\n\n");
          else wake = new AbortController();
        }
      } finally {
        unsubscribe();
        listeners--;
      }
    }) as never;
  });
}

/** True where nothing happened for a while: silence would let proxies and browsers give up. */
async function isQuiet(signal: AbortSignal): Promise<boolean> {
  return sleep(commentMs, true, { signal }).catch(() => false);
}
