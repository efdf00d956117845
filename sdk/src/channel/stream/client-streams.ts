/**
 * The streams that a client has open on one channel. They belong to one connection: when it ends they fail with
 * PEER_GONE, and nothing is repeated, for nobody but the component knows where it would have to begin again.
 */
import { BulkheadError, type Frame, maxOpenStreams, streamWindowBytes } from "@bulkhead/protocol";
import type { StreamWriter } from "../../component.ts";
import type { StreamDefinition } from "../../interface.ts";
import { type CallError, fromCallError, parseValue, toCallError } from "../message.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";
import { writeStream } from "./written-stream.ts";

/** The connection as streams need it. */
export type StreamLink = { send(frame: Frame): number; isClogged(): boolean };

export type ClientStreams = {
  /** Opens a stream of `definition`; the arguments and items are checked here, both ways. */
  open(
    name: string,
    definition: StreamDefinition,
    args: unknown,
  ): AsyncIterableIterator<unknown> | StreamWriter<unknown>;
  opened(link: StreamLink): void;
  /** The connection has gone, or cannot come. */
  closed(error: BulkheadError): void;
  drained(): void;
  /** An item, credit or end; throws IPC_FRAME_INVALID where it breaks the rules. */
  take(frame: Frame, sizeBytes: number): void;
};

type Open = { name: string; definition: StreamDefinition; start(): void } & (
  | { reader: Reader; writer?: never }
  | { reader?: never; writer: Writer; finish(error: BulkheadError | null): void }
);

/** `gone` says why no stream can be opened now; undefined where one may be, or may wait for the connection. */
export function trackStreams(peerName: string, gone: () => BulkheadError | undefined): ClientStreams {
  const streams = new Map<number, Open>();
  let link: StreamLink | undefined;
  let nextId = 0;

  function send(frame: Frame): number {
    return link?.send(frame) ?? 0;
  }

  function add(id: number, stream: Open): void {
    streams.set(id, stream);
    if (link) stream.start();
  }

  function openReader(id: number, name: string, definition: StreamDefinition, args: unknown): Reader["items"] {
    const reader = createReader({
      grant: (sizeBytes) => void send([5, id, sizeBytes]),
      cancel() {
        streams.delete(id);
        send([6, id, null]);
      },
    });
    add(id, { name, definition, reader, start: () => void send([3, id, name, args, streamWindowBytes]) });
    return reader.items;
  }

  function openWriter(id: number, name: string, definition: StreamDefinition, args: unknown): StreamWriter<unknown> {
    const open = writeStream({
      what: `${peerName}.${name}`,
      sendItem: (item) => send([4, id, parseValue(definition.item, item, "IPC_ARGUMENTS_INVALID", name, peerName)]),
      sendEnd: (error) => void send([6, id, error && toCallError(error, name)]),
      isClogged: () => link?.isClogged() ?? true,
      isOpen: () => streams.has(id),
      close: () => void streams.delete(id),
    });
    add(id, { name, definition, ...open, start: () => void send([3, id, name, args, 0]) });
    return open.author;
  }

  function finish(id: number, stream: Open, error: BulkheadError | null): void {
    streams.delete(id);
    if (stream.reader) stream.reader.finish(error);
    else stream.finish(error);
  }

  function takeItem(id: number, { reader, definition, name }: Open, item: unknown, sizeBytes: number): void {
    if (!reader) throw new BulkheadError("IPC_FRAME_INVALID", `${peerName}.${name} is written by the client`);
    try {
      reader.take(parseValue(definition.item, item, "IPC_RESULT_INVALID", `${peerName}.${name}`), sizeBytes);
    } catch (error) {
      if (!(error instanceof BulkheadError) || error.code !== "IPC_RESULT_INVALID") throw error;
      streams.delete(id);
      send([6, id, toCallError(error, name)]);
      reader.finish(error);
    }
  }

  return {
    open(name, definition, args) {
      const what = `${peerName}.${name}`;
      const checked = parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", what);
      const refusal =
        streams.size >= maxOpenStreams
          ? new BulkheadError("IPC_OVERLOADED", `${maxOpenStreams} streams of ${peerName} are open already`)
          : gone();
      if (refusal) return failed(definition, refusal);
      do nextId = (nextId + 1) % 0x1_0000_0000;
      while (streams.has(nextId));
      return definition.direction === "from-provider"
        ? openReader(nextId, name, definition, checked)
        : openWriter(nextId, name, definition, checked);
    },
    opened(newLink) {
      link = newLink;
      for (const { start } of [...streams.values()]) start();
    },
    closed(error) {
      link = undefined;
      for (const [id, stream] of [...streams]) finish(id, stream, error);
    },
    drained() {
      for (const { writer } of streams.values()) writer?.wake();
    },
    take(frame, sizeBytes) {
      const id = frame[1] as number;
      const stream = streams.get(id);
      if (!stream) {
        // What comes after the end of a stream is fine; what belongs to none that ever was is not.
        if (id > nextId) throw new BulkheadError("IPC_FRAME_INVALID", `${peerName} speaks of a stream that never was`);
        return;
      }
      if (frame[0] === 4) takeItem(id, stream, frame[2], sizeBytes);
      else if (frame[0] === 6) finish(id, stream, endError(frame[2], `${peerName}.${stream.name}`));
      else if (frame[0] === 5 && stream.writer) stream.writer.addCredit(frame[2]);
      else throw new BulkheadError("IPC_FRAME_INVALID", `${peerName}: a frame that only a client may send`);
    },
  };
}

function endError(error: CallError | null, what: string): BulkheadError | null {
  return error && fromCallError(error, what);
}

/** A stream that ends before it begins. */
function failed(
  { direction }: StreamDefinition,
  error: BulkheadError,
): AsyncIterableIterator<unknown> | StreamWriter<unknown> {
  if (direction === "from-provider") {
    const { items, finish } = createReader({ grant() {}, cancel() {} });
    finish(error);
    return items;
  }
  return { write: () => Promise.reject(error), end: () => Promise.reject(error), fail() {} };
}
