/** A connection to one of QEMU's sockets that speak in lines: one request at a time, answered by one line. */
import { once } from "node:events";
import { connect } from "node:net";

export type Connection = { exchange(request: string): Promise<string>; close(): void };

/** `isAnswer` sees every line that QEMU says, and tells which of them are answers. */
export async function connectLines(path: string, isAnswer: (line: string) => boolean): Promise<Connection> {
  const socket = connect(path).setEncoding("utf8");
  await once(socket, "connect");
  let rest = "";
  let waiting: { resolve(line: string): void; reject(error: Error): void } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  socket.on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (isAnswer(line)) waiting?.resolve(line);
  });
  const end = () => waiting?.reject(new Error(`QEMU has closed ${path}`));
  socket.on("error", end).on("close", end);
  const exchangeOne = (request: string) =>
    new Promise<string>((resolve, reject) => {
      waiting = { resolve, reject };
      socket.write(`${request}\n`);
    });
  return {
    exchange: (request) => {
      const next = last.then(() => exchangeOne(request));
      last = next.catch(() => undefined);
      return next;
    },
    close: () => void socket.destroy(),
  };
}
