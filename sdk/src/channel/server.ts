/**
 * The provider's end of one channel: listens, checks hello, and hands what follows to `provider-calls.ts`. A client that
 * breaks the rules loses its connection and disturbs no other.
 */
import { BulkheadError, type Hello } from "@bulkhead/protocol";
import type { AnyInterface, Handlers, ServedClient } from "../component.ts";
import { noProviderLease, type ProviderLease, providerLease } from "../lease/lease.ts";
import type { Log } from "../log.ts";
import { callOut } from "./call-out.ts";
import type { LeaseFile } from "./client.ts";
import { helloMs as defaultHelloMs, helloFrame, readHello, type Self } from "./hello.ts";
import type { Link } from "./link.ts";
import { createLoad, type Load } from "./load.ts";
import { parseValue } from "./message.ts";
import { type Answering, answerCalls, type Served } from "./provider-calls.ts";
import { type OpenConnection, socketTransport, type Transport } from "./transport.ts";

/** Notifications are dropped above this: they may be lost, answers may not. */
const notifyBytes = 128 * 1024;
export type ServerCounters = { refusedConnections: number; refusedCalls: number; droppedNotifications: number };

export type ServerOptions<I extends AnyInterface> = {
  interface: I;
  service: string;
  /** The channel: whose it is, the client's name for it, and the limits the manifest set (`operations` null: all). */
  channel: { client: string; name: string; grant: unknown; operations?: readonly string[] | null };
  path: string;
  self: Self;
  log: Log;
  /** The file of the channel's shared memory, where it has some. */
  lease?: LeaseFile | undefined;
  accept(client: ServedClient<I>): Handlers<I>;
  /** Default: Unix sockets. */
  transport?: Transport | undefined;
  /** For tests. */
  helloMs?: number;
  halfFrameMs?: number;
  stallMs?: number;
};

export type ServerEnd = {
  /** `<client>.<channel>`. */ readonly name: string;
  readonly counters: Readonly<ServerCounters>;
  close(): Promise<void>;
};

/**
 * Listens on the channel's socket.
 *
 * @throws BulkheadError SYSTEM_INVALID where the grant does not fit the interface
 */
export async function listenChannel<I extends AnyInterface>(options: ServerOptions<I>): Promise<ServerEnd> {
  const grant = options.interface.grant.safeParse(options.channel.grant);
  if (!grant.success) {
    throw new BulkheadError("SYSTEM_INVALID", `the grant of ${nameOf(options)} does not fit ${options.interface.name}`);
  }
  const counters: ServerCounters = { refusedConnections: 0, refusedCalls: 0, droppedNotifications: 0 };
  const lease = options.lease && providerLease(options.lease.path, options.lease.sizeBytes);
  const load = createLoad();
  let current: Link | undefined;
  const listener = await (options.transport ?? socketTransport).listen(options.path, (open) => {
    serveConnection(open, options, grant.data, lease ?? noProviderLease, counters, load, (link) => {
      current?.destroy();
      current = link;
    });
  });
  return {
    name: nameOf(options),
    counters,
    async close() {
      await listener.close();
      lease?.close();
    },
  };
}

function nameOf(options: ServerOptions<AnyInterface>): string {
  return `${options.channel.client}.${options.channel.name}`;
}

/** One connection, from hello to its end. `replace` makes it the channel's only one. */
function serveConnection<I extends AnyInterface>(
  open: OpenConnection,
  options: ServerOptions<I>,
  grant: unknown,
  lease: ProviderLease,
  counters: ServerCounters,
  load: Load,
  replace: (link: Link) => void,
): void {
  const { helloMs = defaultHelloMs } = options;
  const goneListeners: (() => void)[] = [];
  let answering: Answering | undefined;
  const link: Link = open({
    ...(options.halfFrameMs && { halfFrameMs: options.halfFrameMs }),
    onFrame(frame, sizeBytes) {
      if (answering) {
        answering.take(frame, sizeBytes);
        return;
      }
      const hello = readHello(options.interface, frame);
      clearTimeout(helloTimer);
      replace(link);
      const client = servedClient(options, hello, grant, lease, link, counters, goneListeners);
      callOut(() => {
        answering = answerCalls(servedOf(options, grant, counters, load), link, options.accept(client));
      });
    },
    onDrain: () => answering?.drained(),
    onClose(error) {
      clearTimeout(helloTimer);
      answering?.closed();
      if (error) countRefusal(options, counters, error);
      for (const listener of goneListeners) callOut(listener);
    },
  });
  // Twice, with a look at the socket between: a process that was busy for so long has not read yet what came in time.
  let helloTimer = setTimeout(() => {
    helloTimer = setTimeout(() => {
      link.destroy(new BulkheadError("IPC_FRAME_INVALID", `no hello within ${helloMs} ms`));
    });
  }, helloMs);
  link.send(helloFrame(options.interface, options.self));
}

function servedOf<I extends AnyInterface>(
  options: ServerOptions<I>,
  grant: unknown,
  counters: ServerCounters,
  load: Load,
): Served<I> {
  const { operations = null } = options.channel;
  return {
    interface: options.interface,
    service: options.service,
    channel: nameOf(options),
    ...{ load, grant, stallMs: options.stallMs },
    operations: operations && new Set(operations),
    log: options.log,
    onRefusal: () => void counters.refusedCalls++,
  };
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
  lease: ProviderLease,
  link: Link,
  counters: ServerCounters,
  goneListeners: (() => void)[],
): ServedClient<I> {
  return {
    component: options.channel.client,
    name: options.channel.name,
    incarnation: hello.incarnation,
    grant: grant as ServedClient<I>["grant"],
    lease,
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
