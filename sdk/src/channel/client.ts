/** The client's end of a channel: turns methods into calls and streams, checks what goes out and what comes back. */
import { BulkheadError, defaultDeadlineMs, type Frame } from "@bulkhead/protocol";
import type { AnyInterface, CallOptions, Client, ClientChannel, PeerState } from "../component.ts";
import type { Operation, StreamDefinition } from "../interface.ts";
import { clientLease } from "../lease/lease.ts";
import type { Log } from "../log.ts";
import { trackCalls } from "./calls.ts";
import { createConnector } from "./connector.ts";
import type { Self } from "./hello.ts";
import { parseValue } from "./message.ts";
import { createPeerWatch } from "./peer-watch.ts";
import { trackStreams } from "./stream/client-streams.ts";
import type { Transport } from "./transport.ts";

/** A call is refused while the peer has not taken this much of the calls before it. */
const maxQueuedBytes = 4 * 1024 * 1024;
/** Streams wait already then, so that calls need not wait behind them. */
const clogBytes = 128 * 1024;

export type LeaseFile = { path: string; sizeBytes: number };

export type ClientOptions<I extends AnyInterface> = {
  interface: I;
  /** The socket's path. */
  path: string;
  /** The channel's name, for texts. */
  name: string;
  self: Self;
  log: Log;
  /** The file of the channel's shared memory, where it has some. */
  lease?: LeaseFile | undefined;
  /** The deadline of calls that name none. Default: 2 s; a slow board's is longer. */
  callMs?: number | undefined;
  /** Default: Unix sockets. */
  transport?: Transport | undefined;
};

export type ClientEnd<I extends AnyInterface> = {
  client: Client<I>;
  /** What the root server says about the provider. */
  setPeer(state: PeerState): void;
  close(): void;
};

/** A client's end that is not connected yet: `setPeer` lets it connect, and again after each loss while the peer is up. */
export function createClientEnd<I extends AnyInterface>(options: ClientOptions<I>): ClientEnd<I> {
  const { interface: iface, name, log, callMs = defaultDeadlineMs } = options;
  const lease = options.lease && clientLease(options.lease.path, options.lease.sizeBytes);
  const watch = createPeerWatch(iface, name, lease?.lease);
  /** What the root server last said; unknown at first, and calls wait then. */
  let announced: PeerState | undefined;
  /** Why no call can succeed before the next incarnation. */
  let broken: BulkheadError | undefined;

  const goneText = `the provider of ${name} has gone`;
  const peerGone = (lostIncarnation = watch.channel.incarnation, text = goneText): BulkheadError => {
    const data = { lostIncarnation, incarnation: watch.channel.incarnation };
    return new BulkheadError("PEER_GONE", text, { data });
  };
  const calls = trackCalls(name, peerGone);
  const streams = trackStreams(name, () => broken ?? (announced?.up === false ? peerGone() : undefined));

  const connector = createConnector({
    interface: iface,
    path: options.path,
    self: options.self,
    transport: options.transport,
    onUp(link, incarnation) {
      watch.set({ up: true, incarnation });
      calls.opened((frame) => {
        if (link.queuedBytes() > maxQueuedBytes) {
          throw new BulkheadError("IPC_OVERLOADED", `the provider of ${name} does not take its calls`);
        }
        link.send(frame);
      });
      streams.opened({ send: link.send, isClogged: () => link.queuedBytes() > clogBytes });
    },
    onFrame(frame: Frame, sizeBytes: number) {
      if (frame[0] === 1) calls.answer(frame[1], frame[2], frame[3]);
      else if (frame[0] === 2) watch.notify(frame[1], frame[2]);
      else if (frame[0] >= 4) streams.take(frame, sizeBytes);
      else throw new BulkheadError("IPC_FRAME_INVALID", `${name}: only a client may send requests`);
    },
    onDrain: streams.drained,
    onDown(error) {
      if (error) log.warn(`channel ${name} closed: ${error.message}`, { code: error.code });
      const lost = watch.channel.incarnation;
      if (error?.code === "IPC_INTERFACE_MISMATCH") {
        broken = error;
        calls.failAll(error);
      }
      watch.set({ up: false, incarnation: Math.max(lost, announced?.incarnation ?? 0) });
      calls.closed(lost);
      lease?.peerGone();
      streams.closed(broken ?? peerGone(lost));
    },
  });

  function call(operation: string, args: unknown, options?: CallOptions): Promise<unknown> {
    try {
      const definition = iface.operations[operation] as Operation;
      const checked = parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", operation, name);
      if (broken) throw broken;
      if (!definition.idempotent && announced?.up === false) throw peerGone();
      return calls.start(operation, definition, checked, options?.deadlineMs ?? callMs);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  return {
    client: makeClient(iface, watch.channel, call, streams.open),
    setPeer(state) {
      if (state.incarnation !== announced?.incarnation) broken = undefined;
      announced = state;
      connector.setPeer(state);
      if (state.up) return;
      calls.peerDown();
      streams.closed(peerGone());
    },
    close() {
      announced = { up: false, incarnation: watch.channel.incarnation };
      connector.close();
      calls.failAll(peerGone());
      streams.closed(peerGone());
      lease?.close();
    },
  };
}

/** The methods of a client over any way to make its calls and to open its streams. */
export function makeClient<I extends AnyInterface>(
  iface: I,
  channel: ClientChannel,
  call: (operation: string, args: unknown, options?: CallOptions) => Promise<unknown>,
  open: (name: string, definition: StreamDefinition, args: unknown) => unknown,
): Client<I> {
  const methods = Object.keys(iface.operations).map((operation) => [
    operation,
    (args?: unknown, options?: CallOptions) => call(operation, args, options),
  ]);
  const streams = Object.entries(iface.streams).map(([name, definition]) => [
    name,
    (args?: unknown) => open(name, definition, args),
  ]);
  return { ...Object.fromEntries([...methods, ...streams]), channel } as Client<I>;
}
