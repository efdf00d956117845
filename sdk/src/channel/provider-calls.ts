/**
 * Answers the requests of one connection: checks operation, arguments, grant and result of each, so that handlers see
 * only what the manifest and the interface allow.
 */
import { BulkheadError, describeCause, type Frame, maxFrameBytes, maxOutstandingCalls } from "@bulkhead/protocol";
import type { AnyInterface, Handlers } from "../component.ts";
import type { Operation, StreamDefinition } from "../interface.ts";
import type { Log } from "../log.ts";
import type { Link } from "./link.ts";
import type { Load } from "./load.ts";
import { parseValue, toCallError } from "./message.ts";
import { type ProviderStreams, type StreamHandler, serveStreams } from "./stream/provider-streams.ts";
import { traceSink } from "./trace-sink.ts";

/** While more than this waits for a client, no more calls are read from it. */
const pauseBytes = 256 * 1024;
/** Streams wait already then, so that they do not stop the calls. */
const clogBytes = 128 * 1024;
/** Answers to calls that were read before the pause; beyond it the client has lost its claim to them. */
const maxQueuedBytes = 8 * maxFrameBytes;

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
};

export type Answering = {
  /** Takes a frame of the client; throws IPC_FRAME_INVALID for one that no client may send. */
  take(frame: Frame, sizeBytes: number): void;
  drained(): void;
  closed(): void;
};

type Handler = (args: unknown) => unknown;

export function answerCalls<I extends AnyInterface>(served: Served<I>, link: Link, handlers: Handlers<I>): Answering {
  const { interface: iface, service, log, load } = served;
  const methods = handlers as Readonly<Record<string, Handler & StreamHandler>>;
  const streams: ProviderStreams = serveStreams(
    { send: link.send, isClogged: () => link.queuedBytes() > clogBytes },
    blame,
    load,
  );
  let running = 0;

  function send(frame: Frame): void {
    link.send(frame);
    const queued = link.queuedBytes();
    if (queued > maxQueuedBytes) {
      link.destroy(new BulkheadError("IPC_OVERLOADED", "the client does not read its answers"));
    } else if (queued > pauseBytes) link.pause();
  }

  /** What a handler throws without a code is for the provider's own log. */
  function blame(operation: string, error: unknown): void {
    served.onRefusal();
    if (error instanceof BulkheadError) return;
    log.error(`${service}.${operation} failed`, { cause: describeCause(error) });
  }

  function refuse(id: number, operation: string, error: unknown): void {
    blame(operation, error);
    const failure = toCallError(error, `${service}.${operation}`);
    if (traceSink) traceSink.callEnded("provider", served.channel, operation, id, failure.code);
    send([1, id, failure, null]);
  }

  /** The checked arguments of a call or stream that the manifest, the interface and the grant allow. */
  function admit(definition: Operation | StreamDefinition | undefined, operation: string, args: unknown): unknown {
    if (!definition) throw new BulkheadError("IPC_UNKNOWN_OPERATION", `${iface.name} has no ${operation}`);
    if (served.operations && !served.operations.has(operation)) {
      throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: the manifest does not allow ${served.channel} this`);
    }
    const checked = parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", operation);
    const refusal = iface.refuse?.(served.grant as never, operation as never, checked);
    if (refusal !== undefined) throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: ${refusal}`);
    return checked;
  }

  function succeed(id: number, operation: string, definition: Operation, result: unknown): void {
    try {
      send([1, id, null, parseValue(definition.result, result, "IPC_RESULT_INVALID", operation)]);
      if (traceSink) traceSink.callEnded("provider", served.channel, operation, id, null);
    } catch (error) {
      refuse(id, operation, error);
    }
  }

  /** Synchronous handlers are answered in the same tick. */
  function call(id: number, operation: string, args: unknown): void {
    if (traceSink) traceSink.callBegan("provider", served.channel, operation, id);
    try {
      if (running >= maxOutstandingCalls) {
        throw new BulkheadError("IPC_OVERLOADED", `${maxOutstandingCalls} calls are being answered`);
      }
      load.check();
      const definition = own(iface.operations, operation);
      const checked = admit(definition, operation, args);
      const result = (methods[operation] as Handler)(checked);
      if (result instanceof Promise) later(id, operation, definition as Operation, result);
      else succeed(id, operation, definition as Operation, result);
    } catch (error) {
      refuse(id, operation, error);
    }
  }

  function later(id: number, operation: string, definition: Operation, result: Promise<unknown>): void {
    running++;
    load.run(result);
    result.then(
      (value) => {
        running--;
        succeed(id, operation, definition, value);
      },
      (error: unknown) => {
        running--;
        refuse(id, operation, error);
      },
    );
  }

  function open(id: number, name: string, args: unknown, creditBytes: number): void {
    try {
      load.check();
      const definition = own(iface.streams, name);
      const checked = admit(definition, name, args);
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

  return {
    take(frame, sizeBytes) {
      if (frame[0] === 0) call(frame[1], frame[2], frame[3]);
      else if (frame[0] === 3) open(frame[1], frame[2], frame[3], frame[4]);
      else if (frame[0] > 3) streams.take(frame, sizeBytes);
      else throw new BulkheadError("IPC_FRAME_INVALID", "a client may not send answers and notifications");
    },
    drained: streams.drained,
    closed: streams.closed,
  };
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
