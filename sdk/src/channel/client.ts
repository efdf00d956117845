/** The client's end of a channel: connects when the provider is up, says hello, and turns methods into calls. */
import { createConnection, type Socket } from "node:net";
import { BulkheadError, defaultDeadlineMs, type Frame } from "@bulkhead/protocol";
import type { AnyInterface, CallOptions, Client, ClientChannel, PeerState } from "../component.ts";
import type { Log } from "../log.ts";
import { trackCalls } from "./calls.ts";
import { helloFrame, helloMs, readHello, type Self } from "./hello.ts";
import { type Link, openLink } from "./link.ts";
import { parseValue } from "./message.ts";

const firstRetryMs = 10;
const maxRetryMs = 1_000;
/** A call is refused while the peer has not taken this much of the calls before it. */
const maxQueuedBytes = 4 * 1024 * 1024;

export type ClientOptions<I extends AnyInterface> = {
  interface: I;
  /** The socket's path. */
  path: string;
  /** The channel's name, for texts. */
  name: string;
  self: Self;
  log: Log;
};

export type ClientEnd<I extends AnyInterface> = {
  client: Client<I>;
  /** What the root server says about the provider. */
  setPeer(state: PeerState): void;
  close(): void;
};

/** A client's end that is not connected yet: `setPeer` lets it connect, and again after each loss while the peer is up. */
export function createClientEnd<I extends AnyInterface>(options: ClientOptions<I>): ClientEnd<I> {
  const { interface: iface, name, log } = options;
  /** Unknown until the root server has spoken: calls wait then. */
  let peer: PeerState | undefined;
  let link: Link | undefined;
  let up = false;
  let incarnation = 0;
  let retryMs = firstRetryMs;
  let retry: NodeJS.Timeout | undefined;
  let broken: BulkheadError | undefined;
  const peerListeners: ((state: PeerState) => void)[] = [];
  const notificationListeners = new Map<string, ((body: unknown) => void)[]>();

  const peerGone = (lostIncarnation = incarnation): BulkheadError =>
    new BulkheadError("PEER_GONE", `the provider of ${name} has gone`, { data: { lostIncarnation, incarnation } });
  const calls = trackCalls(name, peerGone);

  function tellPeer(nowUp: boolean): void {
    if (up === nowUp) return;
    up = nowUp;
    for (const listener of peerListeners) listener({ up, incarnation });
  }

  function connect(): void {
    retry = undefined;
    const socket: Socket = createConnection(options.path);
    let greeted = false;
    const mine = openLink(socket, {
      onFrame(frame) {
        if (greeted) receive(frame);
        else {
          greeted = true;
          clearTimeout(hello);
          greet(readHello(iface, frame).incarnation);
        }
      },
      onClose(error) {
        clearTimeout(hello);
        if (link === mine) lose(error);
      },
    });
    const hello = setTimeout(() => mine.destroy(), helloMs);
    link = mine;
    socket.once("connect", () => mine.send(helloFrame(iface, options.self)));
  }

  function greet(peerIncarnation: number): void {
    incarnation = peerIncarnation;
    retryMs = firstRetryMs;
    broken = undefined;
    const mine = link as Link;
    calls.opened((frame) => {
      if (mine.queuedBytes() > maxQueuedBytes) {
        throw new BulkheadError("IPC_OVERLOADED", `the provider of ${name} does not take its calls`);
      }
      mine.send(frame);
    });
    tellPeer(true);
  }

  function lose(error: BulkheadError | undefined): void {
    const lost = incarnation;
    link = undefined;
    if (error) log.warn(`channel ${name} closed: ${error.message}`, { code: error.code });
    if (error?.code === "IPC_INTERFACE_MISMATCH") {
      broken = error;
      calls.failAll(error);
    } else calls.closed(lost);
    tellPeer(false);
    // Another try cannot mend two builds that differ; the next incarnation may.
    if (broken || !peer?.up || retry) return;
    retry = setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, maxRetryMs);
  }

  function receive(frame: Frame): void {
    if (frame[0] === 1) calls.answer(frame[1], frame[2], frame[3]);
    else if (frame[0] === 2 && Object.hasOwn(iface.notifications, frame[1])) {
      const schema = iface.notifications[frame[1]] as AnyInterface["notifications"][string];
      const body = parseValue(schema, frame[2], "IPC_FRAME_INVALID", `${name}: notification ${frame[1]}`);
      for (const listener of notificationListeners.get(frame[1]) ?? []) listener(body);
    } else throw new BulkheadError("IPC_FRAME_INVALID", `${name}: the provider sent what only a client may send`);
  }

  function setPeer(state: PeerState): void {
    const isNew = state.incarnation !== peer?.incarnation;
    peer = state;
    incarnation = Math.max(incarnation, state.incarnation);
    if (!state.up) {
      clearTimeout(retry);
      retry = undefined;
      if (!link) calls.peerDown();
      tellPeer(false);
      return;
    }
    if (isNew) {
      broken = undefined;
      retryMs = firstRetryMs;
    }
    if (isNew && link) {
      const stale = link;
      link = undefined;
      stale.destroy();
      calls.closed(incarnation);
      tellPeer(false);
    }
    if (!link && !broken) {
      clearTimeout(retry);
      connect();
    }
  }

  async function call(operation: string, args: unknown, callOptions: CallOptions = {}): Promise<unknown> {
    const definition = iface.operations[operation] as AnyInterface["operations"][string];
    const checked = parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", `${name}.${operation}`);
    if (broken) throw broken;
    if (!definition.idempotent && !link && peer && !peer.up) throw peerGone();
    const deadlineMs = callOptions.deadlineMs ?? defaultDeadlineMs;
    const result = await calls.start(operation, checked, definition.idempotent, deadlineMs);
    return parseValue(definition.result, result, "IPC_RESULT_INVALID", `${name}.${operation}`);
  }

  const channel: ClientChannel = {
    get up() {
      return up;
    },
    get incarnation() {
      return incarnation;
    },
    onPeer: (callback) => void peerListeners.push(callback),
    on(notification, callback) {
      const listeners = notificationListeners.get(notification) ?? [];
      notificationListeners.set(notification, [...listeners, callback as (body: unknown) => void]);
    },
  };

  return {
    client: makeClient(iface, channel, call),
    setPeer,
    close() {
      peer = { up: false, incarnation };
      clearTimeout(retry);
      link?.end();
      calls.failAll(peerGone());
    },
  };
}

/** The methods of a client over any way to make its calls. */
export function makeClient<I extends AnyInterface>(
  iface: I,
  channel: ClientChannel,
  call: (operation: string, args: unknown, options?: CallOptions) => Promise<unknown>,
): Client<I> {
  const methods = Object.keys(iface.operations).map((operation) => [
    operation,
    (args?: unknown, options?: CallOptions) => call(operation, args, options),
  ]);
  return { ...Object.fromEntries(methods), channel } as Client<I>;
}
