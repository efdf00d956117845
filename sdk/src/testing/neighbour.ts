/** A call as it happens between two components, without sockets: through the wire form and the checks of both ends. */
import { BulkheadError, type Frame } from "@bulkhead/protocol";
import type { Link } from "../channel/link.ts";
import { createLoad } from "../channel/load.ts";
import { parseValue } from "../channel/message.ts";
import { answerCalls } from "../channel/provider-calls.ts";
import { type ClientStreams, trackStreams } from "../channel/stream/client-streams.ts";
import { createFrameReader, encodeFrame, headerBytes } from "../codec.ts";
import type { AnyInterface, Handlers } from "../component.ts";
import { createLog } from "../log.ts";

/** What the other end would read: undefined members vanish, and what has no wire form throws. */
export function throughWire(value: unknown): unknown {
  let read: unknown;
  createFrameReader((message) => {
    read = message;
  }).push(encodeFrame(value === undefined ? null : value));
  return read;
}

/** Calls a handler the way a channel does. Errors of the handler come through as they are, for a test to see. */
export async function callHandler<I extends AnyInterface>(
  iface: I,
  grant: unknown,
  handlers: Handlers<I>,
  operation: string,
  args: unknown,
): Promise<unknown> {
  const definition = iface.operations[operation] as AnyInterface["operations"][string];
  const sent = throughWire(parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", operation));
  const received = parseValue(definition.arguments, sent, "IPC_ARGUMENTS_INVALID", operation);
  const refusal = iface.refuse?.(grant as never, operation as never, received);
  if (refusal !== undefined) throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: ${refusal}`);
  const handler = handlers[operation as keyof Handlers<I>] as (args: unknown) => unknown;
  const result = await handler(received);
  const answer = throughWire(parseValue(definition.result, result, "IPC_RESULT_INVALID", operation));
  return parseValue(definition.result, answer, "IPC_RESULT_INVALID", operation);
}

export type StreamNeighbour = { open: ClientStreams["open"]; close(error: BulkheadError): void };

/** Streams as they happen between two components: the real ends of both, and frames that arrive one after the other. */
export function streamNeighbour<I extends AnyInterface>(
  iface: I,
  grant: unknown,
  handlers: Handlers<I>,
  gone: () => BulkheadError | undefined = () => undefined,
): StreamNeighbour {
  const client = trackStreams(iface.name, gone);
  const deliver = (take: (frame: Frame, sizeBytes: number) => void) => (frame: Frame) => {
    const received = throughWire(frame) as Frame;
    const sizeBytes = encodeFrame(frame).length - headerBytes;
    queueMicrotask(() => take(received, sizeBytes));
    return sizeBytes;
  };
  const link: Link = {
    send: deliver(client.take),
    queuedBytes: () => 0,
    unsentBytes: () => 0,
    pause() {},
    hold() {},
    resume() {},
    end() {},
    destroy() {},
  };
  const { name, digest: service } = iface;
  const log = createLog(() => {});
  const served = {
    interface: iface,
    service,
    channel: name,
    grant,
    operations: null,
    log,
    onRefusal() {},
    load: createLoad(),
  };
  const provider = answerCalls(served, link, handlers);
  client.opened({ send: deliver(provider.take), isClogged: () => false });
  return {
    open: client.open,
    close(error) {
      client.closed(error);
      provider.closed();
      client.opened({ send: deliver(provider.take), isClogged: () => false });
    },
  };
}
