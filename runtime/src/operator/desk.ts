/**
 * Where root of the board asks the root server for something: a socket in a directory that nobody else can enter. A
 * connection brings requests of a few hundred bytes and is told what becomes of them; with it ends what it asked for.
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import {
  maxOperatorFrameBytes,
  type OperatorAnswer,
  type OperatorRequest,
  operatorRequestSchema,
  reportError,
} from "@bulkhead/protocol";
import { createFrameReader, encodeFrame } from "@bulkhead/sdk";

/** Enough for a few people with two windows each. */
const maxConnections = 8;

export type Visit = {
  tell(answer: OperatorAnswer): void;
  /** Nothing more is to be said. */
  close(): void;
  isGone(): boolean;
  /** `action` is done when the operator has gone, whyever; never, where that was before. */
  onGone(action: () => void): void;
};

export type Desk = { close(): Promise<void> };

/** Serves below `directory`; `ask` does what is asked, or throws the reason why not. */
export async function openDesk(
  directory: string,
  ask: (request: OperatorRequest, visit: Visit) => void,
): Promise<Desk> {
  const path = join(directory, "socket");
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    receive(socket, ask);
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function receive(socket: Socket, ask: (request: OperatorRequest, visit: Visit) => void): void {
  const tell = (answer: OperatorAnswer) => void (socket.writable && socket.write(encodeFrame(answer)));
  const visit: Visit = {
    tell,
    close: () => socket.end(),
    isGone: () => socket.destroyed,
    onGone: (action) => socket.once("close", action),
  };
  const reader = createFrameReader((message) => {
    try {
      ask(operatorRequestSchema.parse(message), visit);
    } catch (error) {
      const { code, message: text, remedy = "" } = reportError(error);
      tell({ kind: "refused", code, message: text.slice(0, 500), remedy: remedy.slice(0, 500) });
    }
  }, maxOperatorFrameBytes);
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch {
      socket.destroy();
    }
  });
}
