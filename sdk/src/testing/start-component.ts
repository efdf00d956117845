/** Starts a component inside a unit test: its neighbours are given, what it provides can be called, nothing is a process. */
import { BulkheadError, type CrashFacts, type TimeReading, type ToComponent, type ToRoot } from "@bulkhead/protocol";
import { makeClient } from "../channel/client.ts";
import { parseValue } from "../channel/message.ts";
import { createPeerWatch } from "../channel/peer-watch.ts";
import type {
  AnyInterface,
  Client,
  ComponentDefinition,
  GrantedChannel,
  Handlers,
  Interfaces,
  ServedClient,
} from "../component.ts";
import { noProviderLease } from "../lease/lease.ts";
import { createLog } from "../log.ts";
import { createRootMailbox } from "../root-mailbox.ts";
import { callHandler, streamNeighbour, throughWire } from "./neighbour.ts";

export type StartOptions<U extends Interfaces, M extends Interfaces = Interfaces> = {
  /** Clients, usually of `fakeClient`. */
  uses: { readonly [K in keyof U]: Client<U[K]> };
  mayUse?: { readonly [K in keyof M]?: Client<M[K]> };
  config?: unknown;
  /** What the manifest would give to clients, by service: what `channels()` tells. */
  channels?: Readonly<Record<string, readonly GrantedChannel[]>>;
};

export type Connection<I extends AnyInterface> = {
  client: Client<I>;
  /** The client goes, as when its component ends. */
  leave(): void;
};

export type StartedComponent<P extends Interfaces> = {
  /** What it logged. */
  lines: string[];
  /** A client of what it provides. */
  connect<S extends keyof P & string>(service: S, options?: { grant?: unknown; component?: string }): Connection<P[S]>;
  /** Plays the root server's messages to core servers. */
  root: {
    status(status: unknown): void;
    generation(outcome: never): void;
    crash(facts: CrashFacts): void;
    time(reading: TimeReading): void;
    built(release: ToComponent["built"]): void;
    files(count: ToComponent["files"]): void;
  };
  /** What it told the root server. */
  told: { kind: keyof ToRoot; body: unknown }[];
  /** Runs its stop handlers. */
  stop(): Promise<void>;
};

/** Runs `start` of the definition and resolves when it is ready; throws what `start` throws. */
export async function startComponent<U extends Interfaces, P extends Interfaces, M extends Interfaces>(
  definition: ComponentDefinition<U, P, M>,
  { uses, mayUse = {}, config = {}, channels = {} }: StartOptions<U, M>,
): Promise<StartedComponent<P>> {
  const lines: string[] = [];
  const told: StartedComponent<P>["told"] = [];
  const stopHandlers: (() => void | Promise<void>)[] = [];
  const accepts = new Map<string, (client: ServedClient<AnyInterface>) => Handlers<AnyInterface>>();
  const mailbox = createRootMailbox((kind, body) => void told.push({ kind, body }));
  const service = (name: string) => ({
    serve: (accept: (client: ServedClient<AnyInterface>) => Handlers<AnyInterface>) => void accepts.set(name, accept),
    channels: () => channels[name] ?? [],
  });
  await definition.start({
    uses,
    mayUse: mayUse as never,
    provides: Object.fromEntries(Object.keys(definition.provides).map((name) => [name, service(name)])) as never,
    config,
    log: createLog((line) => lines.push(line)),
    onStop: (handler) => void stopHandlers.push(handler),
    component: "component",
    incarnation: 1,
    generation: 1,
    root: mailbox.link,
  });
  return {
    lines,
    told,
    root: {
      status: (status) => mailbox.take("status", { status }),
      generation: (outcome) => mailbox.take("generation", outcome),
      crash: (facts) => mailbox.take("crash", facts),
      time: (reading) => mailbox.take("time", reading),
      built: (release) => mailbox.take("built", release),
      files: (count) => mailbox.take("files", count),
    },
    connect(name, { grant = {}, component = "client" } = {}) {
      const accept = accepts.get(name);
      if (!accept) throw new Error(`the component does not serve ${name}`);
      return connect(definition.provides[name] as AnyInterface, accept, grant, component) as never;
    },
    async stop() {
      for (const handler of stopHandlers.reverse()) await handler();
    },
  };
}

function connect(
  iface: AnyInterface,
  accept: (client: ServedClient<AnyInterface>) => Handlers<AnyInterface>,
  grant: unknown,
  component: string,
): Connection<AnyInterface> {
  const checkedGrant = parseValue(iface.grant, grant, "IPC_ARGUMENTS_INVALID", `the grant of ${iface.name}`);
  const watch = createPeerWatch(iface, iface.name);
  watch.set({ up: true, incarnation: 1 });
  const goneListeners: (() => void)[] = [];
  const handlers = accept({
    component,
    name: "peer",
    incarnation: 1,
    grant: checkedGrant,
    lease: noProviderLease,
    notify(notification, body) {
      watch.notify(notification, throughWire(body));
      return true;
    },
    onGone: (callback) => void goneListeners.push(callback),
  });
  const streams = streamNeighbour(iface, checkedGrant, handlers);
  const call = (operation: string, args: unknown) => callHandler(iface, checkedGrant, handlers, operation, args);
  return {
    client: makeClient(iface, watch.channel, call, streams.open),
    leave() {
      streams.close(new BulkheadError("PEER_GONE", "the client has left"));
      watch.set({ up: false, incarnation: 1 });
      for (const listener of goneListeners) listener();
    },
  };
}
