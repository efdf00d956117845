/**
 * Records a component as it really runs: in a process of its own, started over its control channel, with its neighbours at
 * the other ends of real sockets.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Channel, ToComponent } from "@bulkhead/protocol";
import { type ClientEnd, createClientEnd } from "../channel/client.ts";
import { listenChannel, type ServerEnd } from "../channel/server.ts";
import { createFrameReader, encodeFrame } from "../codec.ts";
import type { AnyInterface, Handlers, ServedClient } from "../component.ts";
import { createLog } from "../log.ts";

/** A neighbour that the component uses: what answers it. `isUp` false: it is not there at first. */
export type Used = { interface: AnyInterface; handlers: object; grant?: Channel["grant"]; isUp?: boolean };
/** A neighbour that uses the component. */
export type Provided = { interface: AnyInterface; grant?: Channel["grant"] };

export type RecordOptions = {
  /** A module that exports `component`. */
  module: string;
  config?: unknown;
  uses?: Record<string, Used>;
  provides?: Record<string, Provided>;
  /** Default: 1 MiB. */
  maxBytes?: number;
};

export type RecordedSession = {
  readonly process: ChildProcess;
  /** The client's end of a service, connected. */
  client<I extends AnyInterface>(service: string, iface: I): ClientEnd<I>["client"];
  /** The component as the neighbour `name` sees it. */
  served(name: string): ServedClient<AnyInterface> | undefined;
  /** A neighbour goes, and comes back as its next incarnation. */
  goDown(name: string): Promise<void>;
  comeBack(name: string): Promise<void>;
  stop(): void;
};

export type SessionRecord = { bytes: Buffer; exitCode: number | null; lines: string[] };

const entry = fileURLToPath(new URL("components/run-recorded.ts", import.meta.url));
const log = createLog(() => {});
const self = (component: string, incarnation: number) => ({ component, incarnation });

/** Starts the component, lets `act` live with it, and waits for its end (`stop`, or one that it finds itself). */
export async function recordSession(
  options: RecordOptions,
  act: (session: RecordedSession) => Promise<void>,
): Promise<SessionRecord> {
  const { module, config = {}, uses = {}, provides = {}, maxBytes = 1024 * 1024 } = options;
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-record-"));
  const file = join(directory, "record");
  const neighbours = new Map<string, { end?: ServerEnd; incarnation: number; served?: ServedClient<AnyInterface> }>();
  const clients = new Map<string, ClientEnd<AnyInterface>>();
  const channels = {
    uses: Object.entries(uses).map(([name, used]) => channelOf(name, "component", name, used)),
    provides: Object.entries(provides).map(([service, one]) => channelOf("peer", service, service, one)),
  };
  for (const name of [...Object.keys(uses), ...Object.keys(provides).map((service) => `peer.${service}`)]) {
    await mkdir(join(directory, name));
  }
  const child = spawn(process.execPath, [entry, module, directory, file, String(maxBytes)], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const control = child.stdio[3] as Duplex;
  control.on("error", () => {});
  const tell = (kind: keyof ToComponent, body: object) => void control.write(encodeFrame([2, kind, body]));
  const ready = new Promise<void>((resolve) => {
    const reader = createFrameReader((message) => (message as string[])[1] === "ready" && resolve());
    control.on("data", (chunk: Buffer) => reader.push(chunk));
  });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });

  async function comeBack(name: string): Promise<void> {
    const used = uses[name] as Used;
    const incarnation = (neighbours.get(name)?.incarnation ?? 0) + 1;
    const mine: { end?: ServerEnd; incarnation: number; served?: ServedClient<AnyInterface> } = { incarnation };
    neighbours.set(name, mine);
    mine.end = await listenChannel({
      ...{ interface: used.interface, service: name, self: self(name, incarnation), log },
      channel: { client: "component", name, grant: used.grant ?? {}, operations: null },
      path: join(directory, name, "socket"),
      accept(client) {
        mine.served = client;
        return used.handlers as Handlers<AnyInterface>;
      },
    });
    tell("peer", { name, up: true, incarnation });
  }

  async function goDown(name: string): Promise<void> {
    const neighbour = neighbours.get(name);
    await neighbour?.end?.close();
    tell("peer", { name, up: false, incarnation: neighbour?.incarnation ?? 0 });
  }

  try {
    const basics = { protocol: 1, component: "component", role: "application", incarnation: 1, generation: 1 };
    tell("start", { ...basics, heartbeatMs: 20, config, ...channels });
    for (const [name, { isUp = true }] of Object.entries(uses)) if (isUp) await comeBack(name);
    await Promise.race([ready, exited]);
    await act({
      process: child,
      client(service, iface) {
        const path = join(directory, `peer.${service}`, "socket");
        const end = createClientEnd({ interface: iface, name: service, path, self: self("peer", 1), log });
        clients.get(service)?.close();
        clients.set(service, end as never);
        end.setPeer({ up: true, incarnation: 1 });
        return end.client;
      },
      served: (name) => neighbours.get(name)?.served,
      goDown,
      comeBack,
      stop: () => tell("stop", { graceMs: 5000, reason: "the session ends" }),
    });
    const exitCode = await exited;
    return { bytes: await readFile(file), exitCode, lines: output.split("\n").slice(0, -1) };
  } finally {
    child.kill("SIGKILL");
    for (const end of clients.values()) end.close();
    for (const { end } of neighbours.values()) await end?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function channelOf(name: string, other: string, service: string, { interface: iface, grant = {} }: Provided): Channel {
  const ends = name === "peer" ? { client: "peer", provider: "component" } : { client: "component", provider: other };
  return {
    ...{ ...ends, name: service, service, interface: iface.name, dependency: "weak", grant, operations: null },
    ...{ inspect: false, ratePerSecond: null, leaseBytes: 0 },
  };
}
