/**
 * A component as its author writes it: what it uses, what it provides, and what it does when it starts. Everything in
 * the context is typed by the interfaces; nothing here does input or output.
 */
import type { BulkheadError, ToCoreServer, ToRoot } from "@bulkhead/protocol";
import type { input, output } from "zod/v4/core";
import type { Interface, Operation, StreamDefinition } from "./interface.ts";
import type { ClientLease, ProviderLease } from "./lease/lease.ts";
import type { Log } from "./log.ts";
import type { AnySchema, Schema } from "./schema.ts";

/** Any interface: an `Interface` without its type arguments would ask for a `refuse` that takes every grant. */
export type AnyInterface = Pick<Interface, "name" | "digest" | "operations" | "notifications" | "streams" | "grant"> & {
  readonly refuse?: ((grant: never, operation: never, args: unknown) => string | undefined) | undefined;
};

type In<S extends AnySchema> = input<S>;
type Out<S extends AnySchema> = output<S>;

export type CallOptions = {
  /** From the call to its answer, retries included. Default 2000. */
  deadlineMs?: number;
};

type Call<O extends Operation> =
  null extends In<O["arguments"]>
    ? (args?: In<O["arguments"]>, options?: CallOptions) => Promise<Out<O["result"]>>
    : (args: In<O["arguments"]>, options?: CallOptions) => Promise<Out<O["result"]>>;

/** The client's end of a stream that it writes. */
export type StreamWriter<T> = {
  /**
   * Resolves when the item has left; waits while the reader has not made room. Rejects with what closed the stream:
   * IPC_STREAM_CANCELLED, PEER_GONE, or the code of the provider's failure.
   */
  write(item: T): Promise<void>;
  /** No item follows. Resolves when the provider has finished with all of them, rejects with the code of its failure. */
  end(): Promise<void>;
  /** Gives up: the provider meets the error where it reads. */
  fail(error: BulkheadError): void;
};

type Args<A extends AnySchema> = null extends In<A> ? [args?: In<A>] : [args: In<A>];

// A stream that is read is an async iterable; leaving a `for await` early cancels it.
type OpenStream<S extends StreamDefinition> = S["direction"] extends "from-provider"
  ? (...args: Args<S["arguments"]>) => AsyncIterableIterator<Out<S["item"]>>
  : (...args: Args<S["arguments"]>) => StreamWriter<In<S["item"]>>;

/** What a stream's handler is told beside its arguments: `signal` is aborted when the other end wants no more or has gone. */
export type StreamEnd = { readonly signal: AbortSignal };

// A stream that the provider writes is pulled: its next item is asked for when the one before has left.
type HandleStream<S extends StreamDefinition> = S["direction"] extends "from-provider"
  ? (args: Out<S["arguments"]>, end: StreamEnd) => AsyncIterable<In<S["item"]>>
  : (args: Out<S["arguments"]>, items: AsyncIterable<Out<S["item"]>>, end: StreamEnd) => void | Promise<void>;

export type PeerState = { up: boolean; incarnation: number };

/** What a client knows of the other end. */
export type ClientChannel<I extends AnyInterface = AnyInterface> = {
  /** True while the connection stands and both ends have the same interface. */
  readonly up: boolean;
  /** Of the provider, as last heard; 0 before the first time. */
  readonly incarnation: number;
  /** Shared memory for bulk data, where the manifest gives the channel some. */
  readonly lease: ClientLease;
  /** Tells each change, in order. */
  onPeer(callback: (state: PeerState) => void): void;
  /** Takes the notifications of one name; those that do not fit the interface never get here. */
  on<N extends keyof I["notifications"] & string>(
    notification: N,
    callback: (body: Out<I["notifications"][N]>) => void,
  ): void;
};

/**
 * The client's end of a channel: one method per operation. A call fails with a BulkheadError: PEER_GONE (its data has
 * `lostIncarnation` and, as far as known, the new `incarnation`), DEADLINE_EXCEEDED, IPC_OVERLOADED, IPC_NOT_GRANTED,
 * IPC_INTERFACE_MISMATCH, IPC_ARGUMENTS_INVALID, IPC_RESULT_INVALID, or the code that the provider answered with.
 * Idempotent operations wait for a provider that is away and are repeated once, within the deadline. A stream is opened
 * by its name in the same way; what goes wrong is met where it is read or written, and it is never opened again by itself.
 */
export type Client<I extends AnyInterface> = {
  readonly [K in keyof I["operations"]]: Call<I["operations"][K]>;
} & { readonly [K in keyof I["streams"]]: OpenStream<I["streams"][K]> } & { readonly channel: ClientChannel<I> };

/** One connected client as its provider sees it. The channel is its identity: a component cannot claim another's. */
export type ServedClient<I extends AnyInterface> = {
  readonly component: string;
  /** The client's own name for the channel. */
  readonly name: string;
  readonly incarnation: number;
  readonly grant: Out<I["grant"]>;
  /** The channel's shared memory: works on the pieces that calls name. */
  readonly lease: ProviderLease;
  /** False where the client reads too slowly and the notification was dropped (and counted). */
  notify<N extends keyof I["notifications"] & string>(notification: N, body: In<I["notifications"][N]>): boolean;
  /** Called once, when the connection ends for whatever reason. */
  onGone(callback: () => void): void;
};

/** What answers the calls of one client. */
export type Handlers<I extends AnyInterface> = {
  readonly [K in keyof I["operations"]]: (
    args: Out<I["operations"][K]["arguments"]>,
  ) => In<I["operations"][K]["result"]> | Promise<In<I["operations"][K]["result"]>>;
} & { readonly [K in keyof I["streams"]]: HandleStream<I["streams"][K]> };

/** A channel that the manifest gives a client, who may be connected or not. */
export type GrantedChannel<I extends AnyInterface = AnyInterface> = {
  readonly component: string;
  /** The client's name for the channel. */
  readonly name: string;
  readonly grant: Out<I["grant"]>;
};

export type Service<I extends AnyInterface> = {
  /** All channels to this service, known before anybody connects. Throws where a grant does not fit the interface. */
  channels(): readonly GrantedChannel<I>[];
  /** Has to be called in `start`, once: `accept` makes the handlers of each client that connects. */
  serve(accept: (client: ServedClient<I>) => Handlers<I>): void;
};

/** What core servers tell beside their own state. */
export type ToRootOfCore = "activate" | "restart" | "verify" | "trace" | "resolve" | "gateway" | "files" | "reached";

/** The root server, for the core servers that may speak to it; it judges by role and refuses everybody else. */
export type RootLink = {
  /**
   * Hears messages to core servers of one kind. They are checked by `schema`, the kind's own in the protocol, which only who
   * listens has in memory. A handler that comes late gets the last one, of crashes all.
   *
   * @example root.hear("crash", toCoreServer.crash, (facts) => log.warn(facts.reason));
   */
  hear<K extends keyof ToCoreServer>(
    kind: K,
    schema: Schema<ToCoreServer[K]>,
    handler: (body: ToCoreServer[K]) => void,
  ): void;
  tellRoot<K extends ToRootOfCore>(kind: K, body: ToRoot[K]): void;
};

export type Interfaces = Readonly<Record<string, AnyInterface>>;

export type Context<
  U extends Interfaces = Interfaces,
  P extends Interfaces = Interfaces,
  M extends Interfaces = Interfaces,
> = {
  readonly uses: { readonly [K in keyof U]: Client<U[K]> };
  /** Undefined where the manifest has no such channel. */
  readonly mayUse: { readonly [K in keyof M]: Client<M[K]> | undefined };
  readonly provides: { readonly [K in keyof P]: Service<P[K]> };
  /** From the manifest; parse it with a schema of your own. */
  readonly config: unknown;
  readonly log: Log;
  /** Runs when the component is asked to stop, last registered first, inside the grace period. */
  onStop(handler: () => void | Promise<void>): void;
  readonly component: string;
  readonly incarnation: number;
  readonly generation: number;
  readonly root: RootLink;
};

export type ComponentDefinition<
  U extends Interfaces = Interfaces,
  P extends Interfaces = Interfaces,
  M extends Interfaces = Interfaces,
> = {
  readonly uses: U;
  /** Channels that it works without: core servers have some that only some manifests give them. */
  readonly mayUse: M;
  readonly provides: P;
  /** Ends when the component can do its work; the component is ready then. What throws here ends the component. */
  start(context: Context<U, P, M>): void | Promise<void>;
};

/** A definition of any component; `start` takes the context that its own interfaces type. */
export type AnyComponent = {
  readonly uses: Interfaces;
  readonly mayUse?: Interfaces;
  readonly provides: Interfaces;
  start(context: never): void | Promise<void>;
};

/**
 * Defines a component.
 *
 * @example
 * export const component = defineComponent({
 *   uses: { lamp },
 *   async start({ uses, log }) {
 *     await uses.lamp.set({ on: true });
 *     log.info("the lamp is on");
 *   },
 * });
 */
export function defineComponent<
  const U extends Interfaces = Record<never, never>,
  const P extends Interfaces = Record<never, never>,
  const M extends Interfaces = Record<never, never>,
>(definition: {
  readonly uses?: U;
  readonly mayUse?: M;
  readonly provides?: P;
  start(context: Context<U, P, M>): void | Promise<void>;
}): ComponentDefinition<U, P, M> {
  return {
    uses: definition.uses ?? ({} as U),
    mayUse: definition.mayUse ?? ({} as M),
    provides: definition.provides ?? ({} as P),
    start: (context) => definition.start(context),
  };
}
