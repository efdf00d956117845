/**
 * Answers the requests of one connection: checks operation, arguments, grant and result of each, so that handlers see
 * only what the manifest and the interface allow.
 */
import { BulkheadError, describeCause, type Frame, maxOutstandingCalls } from "@bulkhead/protocol";
import type { AnyInterface, Handlers } from "../component.ts";
import type { Operation, StreamDefinition } from "../interface.ts";
import type { Log } from "../log.ts";
import { createBacklog, maxOnTheWayBytes } from "./backlog/index.ts";
import type { Link } from "./link.ts";
import type { Load } from "./load.ts";
import { parseValue, toCallError } from "./message.ts";
import { type ProviderStreams, type StreamHandler, serveStreams } from "./stream/provider-streams.ts";
import { traceSink } from "./trace-sink.ts";

/** Streams wait already then, so that they do not stop the calls. */
const clogBytes = 128 * 1024;

export type Served<I extends AnyInterface> = {
  interface: I;
  service: string;
  /** `<client>.<name>`. */
  channel: string;
  grant: unknown;
  /** The operations and streams that the manifest allows the client; null: all. */
  operations: ReadonlySet<string> | null;
  log: Log;
  /** Counts what was refused. */
  onRefusal(): void;
  load: Load;
  /** How long a client may take nothing of what waits for it. Default: the backlog's. */
  stallMs?: number | undefined;
};

export type Answering = {
  /** Takes a frame of the client; throws IPC_FRAME_INVALID for one that no client may send. */
  take(frame: Frame, sizeBytes: number): void;
  drained(): void;
  closed(): void;
};

type Handler = (args: unknown) => unknown;

export function answerCalls<I extends AnyInterface>(served: Served<I>, link: Link, handlers: Handlers<I>): Answering {
  const { interface: iface, service, load } = served;
  const methods = handlers as Readonly<Record<string, Handler & StreamHandler>>;
  const blame = (operation: string, error: unknown) => tellFailure(served, operation, error);
  const backlog = createBacklog(link, begin, served.stallMs);
  const streams: ProviderStreams = serveStreams(
    { send: link.send, isClogged: () => link.queuedBytes() > clogBytes },
    blame,
    load,
  );
  let running = 0;

  /** Returns the message's size. */
  function send(frame: Frame): number {
    const sizeBytes = link.send(frame);
    // Not by answers, which wait in the backlog: by refusals, of which a chunk of bad requests makes many.
    if (link.queuedBytes() > maxOnTheWayBytes) {
      link.destroy(new BulkheadError("IPC_OVERLOADED", "the client does not read its answers"));
    } else backlog.sent();
    return sizeBytes;
  }

  function refuse(id: number, operation: string, error: unknown): number {
    blame(operation, error);
    const failure = toCallError(error, `${service}.${operation}`);
    if (traceSink) traceSink.callEnded("provider", served.channel, operation, id, failure.code);
    return send([1, id, failure, null]);
  }

  function succeed(id: number, operation: string, definition: Operation, result: unknown): number {
    try {
      const sizeBytes = send([1, id, null, parseValue(definition.result, result, "IPC_RESULT_INVALID", operation)]);
      if (traceSink) traceSink.callEnded("provider", served.channel, operation, id, null);
      return sizeBytes;
    } catch (error) {
      return refuse(id, operation, error);
    }
  }

  /** Synchronous handlers are answered in the same tick. */
  function call(id: number, operation: string, args: unknown): void {
    if (traceSink) traceSink.callBegan("provider", served.channel, operation, id);
    try {
      load.check();
      const definition = own(iface.operations, operation);
      const checked = admit(served, definition, operation, args);
      const result = (methods[operation] as Handler)(checked);
      if (result instanceof Promise) later(id, operation, definition as Operation, result);
      else backlog.answered(operation, succeed(id, operation, definition as Operation, result));
    } catch (error) {
      refuse(id, operation, error);
    }
  }

  function later(id: number, operation: string, definition: Operation, result: Promise<unknown>): void {
    running++;
    load.run(result);
    const ended = backlog.running(operation);
    const end = (answer: () => number) => {
      running--;
      backlog.answer(operation, answer);
      ended();
    };
    result.then(
      (value) => end(() => succeed(id, operation, definition, value)),
      (error: unknown) => end(() => refuse(id, operation, error)),
    );
  }

  function open(id: number, name: string, args: unknown, creditBytes: number): void {
    try {
      load.check();
      const definition = own(iface.streams, name);
      const checked = admit(served, definition, name, args);
      const handler = methods[name] as StreamHandler;
      streams.open(id, name, definition as StreamDefinition, creditBytes, (items, end) =>
        items ? handler(checked, items, end) : handler(checked, end),
      );
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "IPC_FRAME_INVALID") throw error;
      blame(name, error);
      send([6, id, toCallError(error, `${service}.${name}`)]);
    }
  }

  function begin(frame: Frame, sizeBytes: number): void {
    if (frame[0] === 0) call(frame[1], frame[2], frame[3]);
    else if (frame[0] === 3) open(frame[1], frame[2], frame[3], frame[4]);
    else streams.take(frame, sizeBytes);
  }

  function mayBegin(frame: Frame): boolean {
    if (frame[0] !== 0 || running + backlog.waiting() < maxOutstandingCalls) return true;
    refuse(frame[1], frame[2], new BulkheadError("IPC_OVERLOADED", `${maxOutstandingCalls} calls are being answered`));
    return false;
  }

  return {
    take(frame, sizeBytes) {
      if (frame[0] === 1 || frame[0] === 2) {
        throw new BulkheadError("IPC_FRAME_INVALID", "a client may not send answers and notifications");
      }
      if (mayBegin(frame) && !backlog.putAside(frame, sizeBytes)) begin(frame, sizeBytes);
    },
    drained() {
      backlog.drained();
      streams.drained();
    },
    closed() {
      backlog.closed();
      streams.closed();
    },
  };
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The checked arguments of a call or stream that the manifest, the interface and the grant allow. */
function admit<I extends AnyInterface>(
  served: Served<I>,
  definition: Operation | StreamDefinition | undefined,
  operation: string,
  args: unknown,
): unknown {
  const { interface: iface } = served;
  if (!definition) throw new BulkheadError("IPC_UNKNOWN_OPERATION", `${iface.name} has no ${operation}`);
  if (served.operations && !served.operations.has(operation)) {
    throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: the manifest does not allow ${served.channel} this`);
  }
  const checked = parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", operation);
  const refusal = iface.refuse?.(served.grant as never, operation as never, checked);
  if (refusal !== undefined) throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: ${refusal}`);
  return checked;
}

/** What a handler throws without a code is for the provider's own log. */
function tellFailure<I extends AnyInterface>(served: Served<I>, operation: string, error: unknown): void {
  served.onRefusal();
  if (error instanceof BulkheadError) return;
  served.log.error(`${served.service}.${operation} failed`, { cause: describeCause(error) });
}
