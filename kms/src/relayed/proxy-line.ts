/**
 * The line that the gateway writes in front of a relayed connection (PROXY protocol, version 1, section 2.1): it names
 * the address in the tunnel that the connection came from.
 */
import { isIPv6 } from "node:net";
import type { Readable } from "node:stream";
import { BulkheadError } from "@bulkhead/protocol";

/** Section 2.1: the longest line, with its CRLF, has 107 bytes. */
const maxLineBytes = 107;

/** Pure. The source address of `PROXY TCP6 <source> <destination> <port> <port>`. Errors: PROTOCOL_INVALID. */
export function parseProxyLine(line: string): string {
  const [word, family, source = "", destination = "", ...ports] = line.split(" ");
  const wellFormed =
    word === "PROXY" &&
    family === "TCP6" &&
    isIPv6(source) &&
    isIPv6(destination) &&
    ports.length === 2 &&
    ports.every((port) => /^\d{1,5}$/.test(port));
  if (!wellFormed) throw new BulkheadError("PROTOCOL_INVALID", "a relayed connection did not name its source");
  return source;
}

/**
 * Reads the line from a connection and leaves what follows it unread. Errors: PROTOCOL_INVALID, also where it does not
 * come within `timeoutMs`.
 */
export async function readProxyLine(connection: Readable, timeoutMs: number): Promise<string> {
  const deadline = AbortSignal.timeout(timeoutMs);
  let head = Buffer.alloc(0);
  for (;;) {
    const chunk = connection.read() as Buffer | null;
    if (chunk) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n");
      if (end >= 0 && end <= maxLineBytes - 2) {
        connection.unshift(head.subarray(end + 2));
        return parseProxyLine(head.subarray(0, end).toString("latin1"));
      }
      if (head.length >= maxLineBytes)
        throw new BulkheadError("PROTOCOL_INVALID", "a relayed connection has no source");
      continue;
    }
    await readable(connection, deadline);
  }
}

function readable(connection: Readable, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: BulkheadError) => {
      for (const name of ["readable", "end", "close", "error"])
        connection.off(name, onEvent[name as keyof typeof onEvent]);
      deadline.removeEventListener("abort", late);
      if (error) reject(error);
      else resolve();
    };
    const ended = () =>
      settle(new BulkheadError("PROTOCOL_INVALID", "a relayed connection ended before it named its source"));
    const late = () =>
      settle(new BulkheadError("PROTOCOL_INVALID", "a relayed connection did not name its source in time"));
    const onEvent = { readable: () => settle(), end: ended, close: ended, error: ended };
    for (const [name, listener] of Object.entries(onEvent)) connection.once(name, listener);
    deadline.addEventListener("abort", late);
    if (deadline.aborted) late();
    else if (connection.destroyed || connection.readableEnded) ended();
  });
}
