/** A board's console as the bench has it: all that it says is kept over all its starts, and the bench can type. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { BulkheadError } from "@bulkhead/protocol";

export type Wire = {
  /** All that it has said. */
  text(): string;
  type(text: string): void;
  /** Waits until what was said after `from` has it. Returns the match and where it ends. Throws TARGET_NOT_REACHED. */
  until(pattern: RegExp, boundMs: number, from?: number): Promise<{ match: RegExpExecArray; end: number }>;
  close(): void;
};

/** More than any run says; of what floods it the newest stays. */
const mostCharacters = 8 * 1024 * 1024;

/** QEMU connects to `path` each time that it starts. What it says goes into `logFile` as well, for who watches a long start. */
export async function openWire(path: string, logFile: string): Promise<Wire> {
  const log = createWriteStream(logFile);
  // For people alone: no test reads it.
  log.on("error", () => undefined);
  let said = "";
  let board: Socket | undefined;
  const listeners = new Set<() => void>();
  const server: Server = createServer((socket) => {
    board = socket;
    socket.on("error", () => undefined).setEncoding("utf8");
    socket.on("data", (text: string) => {
      said = (said + text).slice(-mostCharacters);
      log.write(text);
      for (const listener of listeners) listener();
    });
  });
  server.listen(path);
  await once(server, "listening");
  return {
    text: () => said,
    type: (text) => void board?.write(text),
    until: (pattern, boundMs, from = 0) =>
      new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        const timer = setTimeout(() => {
          end();
          const last = said.slice(-600).trim();
          reject(
            new BulkheadError("TARGET_NOT_REACHED", `after ${boundMs / 1000} s the console has not said ${pattern}`, {
              remedy: `the report has all of it; the last was: ${last}`,
            }),
          );
        }, boundMs);
        const look = () => {
          const match = pattern.exec(said.slice(from));
          if (match === null) return;
          end();
          resolve({ match, end: from + match.index + match[0].length });
        };
        listeners.add(look);
        look();
      }),
    close: () => {
      board?.destroy();
      server.close();
      log.end();
    },
  };
}
