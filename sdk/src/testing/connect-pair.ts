/** Both ends of a channel over a real Unix socket in a directory of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientEnd, createClientEnd } from "../channel/client.ts";
import { listenChannel, type ServerEnd } from "../channel/server.ts";
import type { AnyInterface, Client, Handlers, ServedClient } from "../component.ts";
import { createLog } from "../log.ts";

export type Pair<I extends AnyInterface> = {
  client: Client<I>;
  /** The provider's view of the client; changes with each connection. */
  served(): ServedClient<I> | undefined;
  /** For connections of the test's own. */
  path: string;
  server(): ServerEnd;
  clientEnd: ClientEnd<I>;
  /** What both ends logged. */
  lines: string[];
  /** Ends the provider and starts its next incarnation, as the root server would; it tells the client. */
  restart(): Promise<void>;
  /** Ends the provider; the client is told. */
  stop(): Promise<void>;
  close(): Promise<void>;
};

type Options = {
  grant?: unknown;
  operations?: readonly string[];
  helloMs?: number;
  halfFrameMs?: number;
  stallMs?: number;
};

/** Connects `handlers` (or what makes them for a client) and a client; both ends log into `lines`. */
export async function connectPair<I extends AnyInterface>(
  iface: I,
  handlers: NoInfer<Handlers<I> | ((client: ServedClient<I>) => Handlers<I>)>,
  { grant = {}, operations, ...times }: Options = {},
): Promise<Pair<I>> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-pair-"));
  const path = join(directory, "socket");
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  let incarnation = 1;
  let served: ServedClient<I> | undefined;
  const listen = () =>
    listenChannel<I>({
      interface: iface,
      service: iface.name,
      channel: { client: "client", name: "peer", grant, operations: operations ?? null },
      path,
      self: { component: "provider", incarnation },
      log,
      ...times,
      accept(client) {
        served = client;
        return typeof handlers === "function" ? handlers(client) : handlers;
      },
    });
  let server = await listen();
  const self = { component: "client", incarnation: 1 };
  const clientEnd = createClientEnd({ interface: iface, path, name: "peer", self, log });
  clientEnd.setPeer({ up: true, incarnation });

  async function stop(): Promise<void> {
    await server.close();
    clientEnd.setPeer({ up: false, incarnation });
  }

  return {
    client: clientEnd.client,
    served: () => served,
    path,
    server: () => server,
    clientEnd,
    lines,
    stop,
    async restart() {
      await stop();
      incarnation++;
      server = await listen();
      clientEnd.setPeer({ up: true, incarnation });
    },
    async close() {
      clientEnd.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
