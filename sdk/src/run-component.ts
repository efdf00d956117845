/**
 * Runs a component: what the entry that `bulkhead build` makes calls. Reads the control channel, connects what the
 * component uses, starts it, listens on what it provides, and then says that it is ready.
 */
import {
  BulkheadError,
  type Channel,
  leasesDirectory,
  providesDirectory,
  type ToComponent,
  usesDirectory,
} from "@bulkhead/protocol";
import { type ClientEnd, createClientEnd, type LeaseFile } from "./channel/client.ts";
import { parseValue } from "./channel/message.ts";
import { listenChannel, type ServerEnd } from "./channel/server.ts";
import type { AnyComponent, AnyInterface, Context, GrantedChannel, Handlers, ServedClient } from "./component.ts";
import type { ControlEnd } from "./control-end.ts";
import { createEnding, type Ending, type StopHandler } from "./ending.ts";
import { type Host, processHost } from "./process-host.ts";
import { type RecordWish, recordDirectory, recordedHost, recordFileName } from "./record/recorded-host.ts";
import { rehearse } from "./rehearsal.ts";
import { createRootMailbox } from "./root-mailbox.ts";
import { createCounterFile } from "./trace/counters.ts";
import { createTraceRecorder, type TraceRecorder, traceDirectory } from "./trace/recorder.ts";
import { memberRoot } from "./trust-group/member.ts";

export type RunOptions = {
  /** Where the sockets are. Default: the directories of a sandbox. */
  directories?: Directories;
  /** The process around the component. Default: this process, with the control channel on file descriptor 3. */
  host?: Host;
  /** Writes down all that comes in and goes out, for `bulkhead replay`; at most so many bytes. */
  record?: { file: string; maxBytes: number };
};

type Directories = { uses: string; provides: string; leases?: string; trace: string };
type Start = ToComponent["start"];
type Accept = (client: ServedClient<AnyInterface>) => Handlers<AnyInterface>;

/** Heartbeats that the root server does not read are not piled up. */
const maxControlBytes = 64 * 1024;

/** Whose heartbeats come faster than this is missed soon: on a busy machine, what a process does at rest could take that long. */
const leastRestMs = 1000;

/**
 * Runs `definition` until the root server says stop; resolves when the component is ready. Ends the process: with 0
 * after a stop, with 1 after a fault, which it tells the root server first.
 */
export function runComponent(definition: AnyComponent, options: RunOptions = {}): Promise<void> {
  const host = recordedHost(options.host ?? processHost(), (start) => options.record ?? operatorsWish(start, options));
  const directories = options.directories ?? {
    uses: `${memberRoot}${usesDirectory}`,
    provides: providesDirectory,
    leases: `${memberRoot}${leasesDirectory}`,
    trace: `${memberRoot}${traceDirectory}`,
  };
  return new Promise((ready) => {
    const ending = createEnding(host, () => control);
    const root = createRootMailbox((kind, body) => control.tell(kind, body));
    let launched: Launch | undefined;
    const control: ControlEnd = host.openControl(
      {
        "stand-by": () => void rehearse(host.log).then(() => control.tell("standing-by", {})),
        // Without a pause between: `peer` may stand right behind `start`.
        start(start) {
          if (launched) throw new BulkheadError("IPC_FRAME_INVALID", "the root server said start twice");
          launched = prepare(definition, start, directories, host, root.link);
          launch(launched, control, ending).then(ready, ending.fault);
        },
        peer: ({ name, up, incarnation }) => launched?.ends.get(name)?.setPeer({ up, incarnation }),
        trace: ({ enabled }) => launched?.trace?.setEnabled(enabled),
        stop: (body) => void ending.stop(body, launched),
        status: (body) => root.take("status", body),
        generation: (body) => root.take("generation", body),
        import: (body) => root.take("import", body),
        crash: (body) => root.take("crash", body),
        tunnel: (body) => root.take("tunnel", body),
        resolved: (body) => root.take("resolved", body),
        uplink: (body) => root.take("uplink", body),
        time: (body) => root.take("time", body),
        built: (body) => root.take("built", body),
        files: (body) => root.take("files", body),
      },
      (error) => ending.fault(error ?? new BulkheadError("PEER_GONE", "the root server has gone")),
    );
    host.onUncaught(ending.fault);
  });
}

// In a life that is lived again the wish is part of what is read.
function operatorsWish({ record }: Start, { host }: RunOptions): RecordWish | undefined {
  if (!record || host) return undefined;
  return { file: `${recordDirectory}/${recordFileName}`, maxBytes: record.maxBytes };
}

/** A component between its start message and its end. */
type Launch = {
  definition: AnyComponent;
  start: Start;
  directories: Directories;
  host: Host;
  context: Context;
  ends: Map<string, ClientEnd<AnyInterface>>;
  accepts: Map<string, Accept>;
  servers: ServerEnd[];
  stopHandlers: StopHandler[];
  trace: TraceRecorder | undefined;
};

function prepare(
  definition: AnyComponent,
  start: Start,
  directories: Launch["directories"],
  host: Host,
  root: Context["root"],
): Launch {
  const self = { component: start.component, incarnation: start.incarnation };
  const ends: Launch["ends"] = new Map();
  const given = Object.entries(definition.mayUse ?? {}).filter(([name]) => start.uses.some((use) => use.name === name));
  for (const [name, iface] of [...Object.entries(definition.uses), ...given]) {
    const { leaseBytes } = findChannel(start, name, iface);
    const lease = leaseFile(directories, name, leaseBytes);
    const path = `${directories.uses}/${name}/socket`;
    ends.set(
      name,
      createClientEnd({
        ...{ interface: iface, name, path, self, lease },
        ...{ log: host.log, transport: host.transport, callMs: start.callMs },
      }),
    );
  }
  const accepts: Launch["accepts"] = new Map();
  const stopHandlers: Launch["stopHandlers"] = [];
  const service = (name: string) => ({
    serve: (accept: Accept) => void accepts.set(name, accept),
    channels: () => grantedChannels(name, definition.provides[name], start.provides),
  });
  const context = {
    uses: Object.fromEntries([...ends].map(([name, end]) => [name, end.client])),
    mayUse: Object.fromEntries([...ends].map(([name, end]) => [name, end.client])),
    provides: Object.fromEntries(Object.keys(definition.provides).map((name) => [name, service(name)])),
    config: start.config,
    log: host.log,
    onStop: (handler: StopHandler) => void stopHandlers.push(handler),
    component: start.component,
    incarnation: start.incarnation,
    generation: start.generation,
    root,
  } as Context;
  const trace = start.trace && createTraceRecorder(start.trace, start.incarnation, directories.trace);
  return { definition, start, directories, host, context, ends, accepts, servers: [], stopHandlers, trace };
}

function grantedChannels(service: string, iface: AnyInterface | undefined, all: readonly Channel[]): GrantedChannel[] {
  const channels = all.filter((channel) => iface && channel.service === service);
  return channels.map(({ client, name, grant }) => {
    const what = `the grant of ${client}.${name}`;
    return { component: client, name, grant: iface && parseValue(iface.grant, grant, "IPC_ARGUMENTS_INVALID", what) };
  });
}

function leaseFile(directories: Launch["directories"], place: string, leaseBytes: number): LeaseFile | undefined {
  return leaseBytes > 0
    ? { path: `${directories.leases ?? leasesDirectory}/${place}`, sizeBytes: leaseBytes }
    : undefined;
}

/** The channel that the manifest gives for what the component uses. */
function findChannel(start: Start, name: string, iface: AnyInterface): Channel {
  const channel = start.uses.find((use) => use.name === name);
  if (channel?.interface === iface.name) return channel;
  const given = channel ? `gives it ${channel.interface}` : "has no such channel";
  throw new BulkheadError(
    "COMPONENT_START_FAILED",
    `${start.component} uses ${name} as ${iface.name}, but the manifest ${given}`,
    { remedy: `write under ${start.component}.uses: ${name}: <component>.<service that is ${iface.name}>` },
  );
}

async function launch(launched: Launch, control: ControlEnd, ending: Ending): Promise<void> {
  const { definition, start } = launched;
  await definition.start(launched.context as never);
  for (const service of Object.keys(definition.provides)) {
    if (launched.accepts.has(service)) continue;
    throw new BulkheadError("COMPONENT_START_FAILED", `${start.component} provides ${service} but did not serve it`);
  }
  for (const channel of start.provides) {
    const server = await listen(launched, channel);
    if (server) launched.servers.push(server);
  }
  if (ending.begun()) return;
  control.tell("ready", {});
  const counters = start.trace && createCounterFile(launched.directories.trace);
  ending.onEnd(
    every(start.heartbeatMs, () => {
      counters?.write(start.provides, launched.servers);
      if (control.queuedBytes() < maxControlBytes) control.tell("heartbeat", {});
      if (start.heartbeatMs >= leastRestMs) launched.host.beat?.();
    }),
  );
}

async function listen(launched: Launch, channel: Channel): Promise<ServerEnd | undefined> {
  const { definition, start, host } = launched;
  const iface = definition.provides[channel.service];
  const accept = launched.accepts.get(channel.service);
  if (!iface || !accept) {
    host.log.warn(`the manifest gives ${channel.client} ${channel.service}, which this component does not provide`);
    return undefined;
  }
  return await listenChannel({
    interface: iface,
    service: channel.service,
    channel,
    path: `${launched.directories.provides}/${channel.client}.${channel.name}/socket`,
    self: { component: start.component, incarnation: start.incarnation },
    log: host.log,
    lease: leaseFile(launched.directories, `${channel.client}.${channel.name}`, channel.leaseBytes),
    transport: host.transport,
    accept,
  });
}

function every(periodMs: number, action: () => void): () => void {
  const timer = setInterval(action, periodMs);
  return () => clearInterval(timer);
}
