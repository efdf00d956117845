/**
 * The provider's end of one channel: checks hello, arguments, grant and result of every call, so that handlers see only
 * what the manifest and the interface allow. A client that breaks the rules loses its connection and disturbs no other.
 */
import { chmod, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { BulkheadError, type Frame, type Hello, maxFrameBytes, maxOutstandingCalls } from "@bulkhead/protocol";
import type { AnyInterface, Handlers, ServedClient } from "../component.ts";
import type { Log } from "../log.ts";
import { callOut } from "./call-out.ts";
import { helloFrame, helloMs, readHello, type Self } from "./hello.ts";
import { type Link, openLink } from "./link.ts";
import { parseValue, toCallError } from "./message.ts";

/** While more than this waits for a client, no more calls are read from it. */
const pauseBytes = 256 * 1024;
/** Notifications are dropped above this: they may be lost, answers may not. */
const notifyBytes = 128 * 1024;
/** Answers to calls that were read before the pause; beyond it the client has lost its claim to them. */
const maxQueuedBytes = 8 * maxFrameBytes;
/** A client needs one connection; the rest is room for one that reconnects before its old end is noticed. */
const maxConnections = 4;

export type ServerCounters = { refusedConnections: number; refusedCalls: number; droppedNotifications: number };

export type ServerOptions<I extends AnyInterface> = {
  interface: I;
  service: string;
  /** The channel: whose it is, the client's name for it, and the limits the manifest set. */
  channel: { client: string; name: string; grant: unknown };
  path: string;
  self: Self;
  log: Log;
  accept(client: ServedClient<I>): Handlers<I>;
  /** For tests. */
  halfFrameMs?: number;
};

export type ServerEnd = { readonly counters: Readonly<ServerCounters>; close(): Promise<void> };

/**
 * Listens on the channel's socket, in place of one that an earlier incarnation left. The mount is the permission, so
 * the socket itself is open to all who see it.
 *
 * @throws BulkheadError SYSTEM_INVALID where the grant does not fit the interface
 */
export async function listenChannel<I extends AnyInterface>(options: ServerOptions<I>): Promise<ServerEnd> {
  const grant = options.interface.grant.safeParse(options.channel.grant);
  if (!grant.success) {
    throw new BulkheadError("SYSTEM_INVALID", `the grant of ${nameOf(options)} does not fit ${options.interface.name}`);
  }
  const counters: ServerCounters = { refusedConnections: 0, refusedCalls: 0, droppedNotifications: 0 };
  const sockets = new Set<Socket>();
  let current: Link | undefined;

  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serveConnection(socket, options, grant.data, counters, (link) => {
      current?.destroy();
      current = link;
    });
  });
  server.maxConnections = maxConnections;
  await rm(options.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.path, resolve);
  });
  await chmod(options.path, 0o666);
  return {
    counters,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.end(() => socket.destroy());
      }),
  };
}

function nameOf(options: ServerOptions<AnyInterface>): string {
  return `${options.channel.client}.${options.channel.name}`;
}

/** One connection, from hello to its end. `replace` makes it the channel's only one. */
function serveConnection<I extends AnyInterface>(
  socket: Socket,
  options: ServerOptions<I>,
  grant: unknown,
  counters: ServerCounters,
  replace: (link: Link) => void,
): void {
  const goneListeners: (() => void)[] = [];
  let answer: ((frame: Frame) => void) | undefined;
  const link: Link = openLink(socket, {
    ...(options.halfFrameMs && { halfFrameMs: options.halfFrameMs }),
    onFrame(frame) {
      if (answer) {
        answer(frame);
        return;
      }
      const hello = readHello(options.interface, frame);
      clearTimeout(helloTimer);
      replace(link);
      const client = servedClient(options, hello, grant, link, counters, goneListeners);
      callOut(() => {
        answer = answerCalls(options, grant, link, counters, options.accept(client));
      });
    },
    onClose(error) {
      clearTimeout(helloTimer);
      if (error) countRefusal(options, counters, error);
      for (const listener of goneListeners) callOut(listener);
    },
  });
  const helloTimer = setTimeout(() => {
    link.destroy(new BulkheadError("IPC_FRAME_INVALID", `no hello within ${helloMs} ms`));
  }, helloMs);
  link.send(helloFrame(options.interface, options.self));
}

// A client that is refused a thousand times must not fill the log of its provider: 1, 2, 4, 8 … are told.
function countRefusal(options: ServerOptions<AnyInterface>, counters: ServerCounters, error: BulkheadError): void {
  const count = ++counters.refusedConnections;
  if ((count & (count - 1)) !== 0) return;
  options.log.warn(`channel ${nameOf(options)} closed: ${error.message}`, { code: error.code, refused: count });
}

function servedClient<I extends AnyInterface>(
  options: ServerOptions<I>,
  hello: Hello,
  grant: unknown,
  link: Link,
  counters: ServerCounters,
  goneListeners: (() => void)[],
): ServedClient<I> {
  return {
    component: options.channel.client,
    name: options.channel.name,
    incarnation: hello.incarnation,
    grant: grant as ServedClient<I>["grant"],
    notify(notification, body) {
      const schema = options.interface.notifications[notification];
      if (!schema) throw new BulkheadError("INTERNAL", `${options.interface.name} has no notification ${notification}`);
      const checked = parseValue(schema, body, "IPC_RESULT_INVALID", `notification ${notification}`);
      if (link.queuedBytes() > notifyBytes) {
        counters.droppedNotifications++;
        return false;
      }
      link.send([2, notification, checked]);
      return true;
    },
    onGone: (callback) => void goneListeners.push(callback),
  };
}

/** Answers the requests of one connection; throws for everything that is not a request. */
function answerCalls<I extends AnyInterface>(
  options: ServerOptions<I>,
  grant: unknown,
  link: Link,
  counters: ServerCounters,
  handlers: Handlers<I>,
): (frame: Frame) => void {
  const { interface: iface, service, log } = options;
  let running = 0;

  function send(frame: Frame): void {
    link.send(frame);
    if (link.queuedBytes() > maxQueuedBytes) {
      link.destroy(new BulkheadError("IPC_OVERLOADED", "the client does not read its answers"));
    } else if (link.queuedBytes() > pauseBytes) link.pause();
  }

  function refuse(id: number, operation: string, error: unknown): void {
    counters.refusedCalls++;
    if (!(error instanceof BulkheadError)) {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.error(`${service}.${operation} failed`, { cause });
    }
    send([1, id, toCallError(error, `${service}.${operation}`), null]);
  }

  /** Checks what comes and calls the handler; synchronous handlers are answered in the same tick. */
  function handle(operation: string, args: unknown): unknown {
    const definition = Object.hasOwn(iface.operations, operation) ? iface.operations[operation] : undefined;
    if (!definition) throw new BulkheadError("IPC_UNKNOWN_OPERATION", `${iface.name} has no ${operation}`);
    const checked = parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", operation);
    const refusal = iface.refuse?.(grant as never, operation as never, checked);
    if (refusal !== undefined) throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: ${refusal}`);
    return handlers[operation as keyof Handlers<I>](checked as never);
  }

  function succeed(id: number, operation: string, result: unknown): void {
    const schema = (iface.operations[operation] as AnyInterface["operations"][string]).result;
    try {
      send([1, id, null, parseValue(schema, result, "IPC_RESULT_INVALID", operation)]);
    } catch (error) {
      refuse(id, operation, error);
    }
  }

  return ([kind, id, operation, args]) => {
    if (kind !== 0) throw new BulkheadError("IPC_FRAME_INVALID", "a client may send requests only");
    if (running >= maxOutstandingCalls) {
      refuse(id, operation, new BulkheadError("IPC_OVERLOADED", `${maxOutstandingCalls} calls are being answered`));
      return;
    }
    try {
      const result = handle(operation, args);
      if (!(result instanceof Promise)) {
        succeed(id, operation, result);
        return;
      }
      running++;
      result
        .then(
          (value) => succeed(id, operation, value),
          (error: unknown) => refuse(id, operation, error),
        )
        .finally(() => running--);
    } catch (error) {
      refuse(id, operation, error);
    }
  };
}
