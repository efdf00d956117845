/**
 * The least that an answer has to bring. A byte every few seconds is no silence, so without this a KMS that drips could keep a deployment, and all that
 * waits behind it, going for ever.
 */
import type { ClientRequest, IncomingMessage } from "node:http";

export type Pace = {
  /** So many in each stretch of `withinMs`, head and compressed body as they come over the wire. */
  readonly bytes: number;
  readonly withinMs: number;
};
/** 136 bytes a second: the slowest link that is meant, GPRS, brings ten times as much. */
export const slowestPace: Pace = { bytes: 8 * 1024, withinMs: 60_000 };

/** Ends a request, which has its connection for itself as long as it is under way, once its answer falls behind. */
export function holdToPace(asked: ClientRequest, { bytes, withinMs }: Pace = slowestPace): void {
  let answer: IncomingMessage | undefined;
  let seen = 0;
  const watch = setInterval(() => {
    const came = (asked.socket?.bytesRead ?? 0) - seen;
    seen += came;
    if (came >= bytes) return;
    const error = new Error(`only ${came} bytes came in ${withinMs} ms`);
    if (answer) answer.destroy(error);
    else asked.destroy(error);
  }, withinMs);
  // What came before was another's.
  asked.on("socket", ({ bytesRead }) => {
    seen = bytesRead;
  });
  asked.on("response", (response) => {
    answer = response;
  });
  asked.on("close", () => clearInterval(watch));
}
