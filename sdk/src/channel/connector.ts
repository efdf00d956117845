/**
 * Keeps the client's end of a channel connected while the root server says that the provider is up: connects, exchanges
 * hello, tries again. What goes over the connection is not its business.
 */
import type { BulkheadError, Frame } from "@bulkhead/protocol";
import type { AnyInterface, PeerState } from "../component.ts";
import { helloFrame, readHello, type Self } from "./hello.ts";
import type { Link } from "./link.ts";
import { socketTransport, type Transport } from "./transport.ts";

// A provider listens before it is announced, so a retry is the exception: short at first, then easy on the machine.
const firstRetryMs = 10;
const maxRetryMs = 1_000;

export type ConnectorOptions = {
  interface: AnyInterface;
  path: string;
  self: Self;
  transport?: Transport | undefined;
  /** Both ends have said hello. */
  onUp(link: Link, incarnation: number): void;
  onFrame(frame: Frame, sizeBytes: number): void;
  onDrain(): void;
  /** The connection, or the attempt, has ended. `error` says what the provider did wrong. */
  onDown(error: BulkheadError | undefined): void;
};

export type Connector = { setPeer(state: PeerState): void; close(): void };

export function createConnector(options: ConnectorOptions): Connector {
  const { transport = socketTransport } = options;
  let peer: PeerState = { up: false, incarnation: 0 };
  let link: Link | undefined;
  /** Of the provider behind `link`; undefined before its hello. */
  let linked: number | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = firstRetryMs;

  function connect(): void {
    const mine = transport.connect(options.path, {
      onDrain: options.onDrain,
      onFrame(frame, sizeBytes) {
        if (linked !== undefined) {
          options.onFrame(frame, sizeBytes);
          return;
        }
        linked = readHello(options.interface, frame).incarnation;
        retryMs = firstRetryMs;
        options.onUp(mine, linked);
      },
      onClose(error) {
        if (link === mine) lost(error);
      },
    });
    link = mine;
    linked = undefined;
    mine.send(helloFrame(options.interface, options.self));
  }

  function lost(error: BulkheadError | undefined): void {
    link = undefined;
    options.onDown(error);
    // Another try cannot mend two builds that differ; the next incarnation may.
    if (!peer.up || error?.code === "IPC_INTERFACE_MISMATCH") return;
    retry = setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, maxRetryMs);
  }

  function drop(): void {
    clearTimeout(retry);
    retryMs = firstRetryMs;
    const old = link;
    link = undefined;
    old?.destroy();
    if (old) options.onDown(undefined);
  }

  function setPeer(state: PeerState): void {
    peer = state;
    const isOther = linked !== undefined && linked !== state.incarnation;
    if (!state.up || isOther) drop();
    if (state.up && !link) {
      clearTimeout(retry);
      connect();
    }
  }

  return {
    setPeer,
    close() {
      peer = { ...peer, up: false };
      drop();
    },
  };
}
