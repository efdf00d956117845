/** The streams that one client has open at its provider: runs their handlers, and ends them whichever end goes first. */
import { BulkheadError, type Frame, maxOpenStreams, streamWindowBytes } from "@bulkhead/protocol";
import type { StreamDefinition } from "../../interface.ts";
import type { Load } from "../load.ts";
import { fromCallError, parseValue, toCallError } from "../message.ts";
import type { StreamLink } from "./client-streams.ts";
import { createReader, type Reader } from "./reader.ts";
import { createWriter, type Writer } from "./writer.ts";

/** What a stream's handler is told beside its arguments. */
type StreamEnd = { readonly signal: AbortSignal };

export type StreamHandler = (args: unknown, second: unknown, third?: StreamEnd) => unknown;

export type ProviderStreams = {
  /**
   * Starts a stream that was checked; `run` is its handler. Throws IPC_OVERLOADED.
   * @param creditBytes what the client granted
   */
  open(id: number, name: string, definition: StreamDefinition, creditBytes: number, run: RunStream): void;
  take(frame: Frame, sizeBytes: number): void;
  drained(): void;
  /** The client has gone. */
  closed(): void;
};

/** The handler with its arguments: gets the client's items (or undefined), and gives its own (or a promise of its end). */
export type RunStream = (items: AsyncIterableIterator<unknown> | undefined, end: StreamEnd) => unknown;

type Open = {
  name: string;
  definition: StreamDefinition;
  abort: AbortController;
  reader?: Reader;
  writer?: Writer;
};

/** `onFailure` hears what handlers throw; `load` counts those that run, also after their client has gone. */
export function serveStreams(
  link: StreamLink,
  onFailure: (name: string, error: unknown) => void,
  load: Pick<Load, "run">,
): ProviderStreams {
  const streams = new Map<number, Open>();

  /** Forgets a stream; what its handler still does reaches nobody. */
  function close(id: number, stream: Open, error: BulkheadError): void {
    streams.delete(id);
    stream.abort.abort(error);
    stream.writer?.close(error);
    stream.reader?.finish(error);
  }

  function finish(id: number, stream: Open, error: unknown): void {
    if (streams.get(id) !== stream) return;
    streams.delete(id);
    if (error !== null) onFailure(stream.name, error);
    link.send([6, id, error === null ? null : toCallError(error, stream.name)]);
  }

  function run(id: number, stream: Open, handler: RunStream): void {
    const end: StreamEnd = { signal: stream.abort.signal };
    const work = async () => {
      const result = handler(stream.reader?.items, end);
      if (stream.writer) await pump(result as AsyncIterable<unknown>, stream.writer);
      else await result;
    };
    const whole = work();
    load.run(whole);
    whole.then(
      () => finish(id, stream, null),
      (error: unknown) => finish(id, stream, error),
    );
  }

  return {
    open(id, name, definition, creditBytes, handler) {
      if (streams.has(id)) throw new BulkheadError("IPC_FRAME_INVALID", `stream ${id} is open already`);
      if (streams.size >= maxOpenStreams) {
        throw new BulkheadError("IPC_OVERLOADED", `${maxOpenStreams} streams are open already`);
      }
      const stream: Open = { name, definition, abort: new AbortController() };
      if (definition.direction === "from-provider") {
        const send = (item: unknown) =>
          link.send([4, id, parseValue(definition.item, item, "IPC_RESULT_INVALID", name)]);
        stream.writer = createWriter({ send, end() {}, isClogged: link.isClogged }, creditBytes);
      } else {
        stream.reader = createReader({
          grant: (sizeBytes) => void (streams.has(id) && link.send([5, id, sizeBytes])),
          cancel() {},
        });
        link.send([5, id, streamWindowBytes]);
      }
      streams.set(id, stream);
      run(id, stream, handler);
    },
    take(frame, sizeBytes) {
      const id = frame[1] as number;
      const stream = streams.get(id);
      // It ended while this was on its way.
      if (!stream) return;
      if (frame[0] === 4) takeItem(stream, frame[2], sizeBytes);
      else if (frame[0] === 5) stream.writer?.addCredit(frame[2]);
      else if (frame[0] === 6 && stream.reader) stream.reader.finish(frame[2] && fromCallError(frame[2], stream.name));
      else close(id, stream, new BulkheadError("IPC_STREAM_CANCELLED", `the client wants no more of ${stream.name}`));
    },
    drained() {
      for (const { writer } of streams.values()) writer?.wake();
    },
    closed() {
      const error = new BulkheadError("PEER_GONE", "the client has gone");
      for (const [id, stream] of [...streams]) close(id, stream, error);
    },
  };

  function takeItem(stream: Open, item: unknown, sizeBytes: number): void {
    const { reader, definition, name } = stream;
    if (!reader) throw new BulkheadError("IPC_FRAME_INVALID", `${name} is written by the provider`);
    try {
      reader.take(parseValue(definition.item, item, "IPC_ARGUMENTS_INVALID", name), sizeBytes);
    } catch (error) {
      if (!(error instanceof BulkheadError) || error.code !== "IPC_ARGUMENTS_INVALID") throw error;
      // The handler meets it where it reads, and ends the stream with it unless it knows better.
      reader.finish(error);
    }
  }
}

/** Pulls the next item only when the one before has left. A stream that is closed meanwhile ends the source too. */
async function pump(source: AsyncIterable<unknown>, writer: Writer): Promise<void> {
  for await (const item of source) await writer.write(item);
}
