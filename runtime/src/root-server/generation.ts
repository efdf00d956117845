/** One running generation: its directories, its network, its supervision, and the state that it shows to the world. */
import { join } from "node:path";
import type { DeviceStatus, Release } from "@bulkhead/protocol";
import {
  createAskers,
  greeting,
  isCoreServer,
  type LogFifos,
  launch,
  makeChannelDirectories,
  makeLeases,
  makeOwnDirectories,
  type OwnDirectories,
  prepareStores,
  runtimeLogName,
  watchReturns,
} from "../compartment/index.ts";
import { type Device, resolverUid, timeUid, type UidOf, uidTable } from "../device/index.ts";
import { type GenerationRecord, type Installed, verifyInstalled } from "../generations/index.ts";
import {
  applySteps,
  catchUp,
  createNamespaces,
  createTunnelEnd,
  createUplink,
  deleteNamespaces,
  firstUplink,
  type NetworkPlan,
  planNetwork,
  type UplinkPlan,
} from "../network/index.ts";
import { createOperations, type Operations, openDesk } from "../operator/index.ts";
import { createRunner, type Escalation, mayAsk, type Request, type Runner, type Slot } from "../processes/index.ts";
import {
  buildStatus,
  createCrashReports,
  createFileCounter,
  createPacer,
  createReadyLine,
  createTraceSwitches,
  createWatch,
} from "../report/index.ts";
import { keepToCores } from "../sandbox/index.ts";
import { notReady, planSupervision } from "../supervision/index.ts";
import { createTrustGroups, sharedUids } from "../trust-groups/index.ts";

/** The state goes out at most this often. */
const statusIntervalMs = 200;

export type Generation = {
  readonly number: number;
  readonly release: Release;
  /** The permanent components that are not ready. */
  notReady(): string[];
  isInSafeMode(): boolean;
  restart(component: string, reason: string): void;
  /** Tells the verifier what became of a release. */
  tellOutcome(outcome: NonNullable<GenerationRecord["lastOutcome"]>): void;
  /** Something outside of supervision that the state shows has changed. */
  touch(): void;
  /** Ends all components and removes the network. */
  stop(reason: string): Promise<void>;
};

export type GenerationEvents = {
  onRequest(request: Request): void;
  onEscalation(escalation: Escalation): void;
  onChange(): void;
};

export type GenerationOptions = {
  readonly device: Device;
  readonly fifos: LogFifos;
  readonly installed: Installed;
  /** As it stands now; the floors and the last outcome are read from it. */
  readonly record: () => GenerationRecord;
  readonly update: () => DeviceStatus["update"];
  readonly events: GenerationEvents;
};

/**
 * Prepares and starts a generation whose release is installed and intact; the components come up in the background.
 * Throws RELEASE_ARTIFACT_ALTERED where it is not intact, NETWORK_SETUP_FAILED; nothing runs then.
 */
export async function startGeneration(options: GenerationOptions): Promise<Generation> {
  const { device, fifos, installed, record } = options;
  const tellReady = createReadyLine(device.log, installed.generation);
  const release = await verifyInstalled(device.config.dataDir, installed.digest);
  const { system } = release;
  const uidOf = sharedUids(system, uidTable(device.config.uidBase, record().uidNumbers));
  await keepToCores(system.housekeepingCores, device.host);
  await prepareStores(device.paths, uidOf);
  await setClock(device, release);
  await makeChannelDirectories(device.paths, system, uidOf);
  await makeLeases(device.paths, system);
  await fifos.ensure([runtimeLogName, ...system.startOrder], uidOf("serial-server"));
  const own = await makeOwnDirectories(device, system, installed.generation, record(), uidOf);
  const network = planNetwork(system, device.provisioning, firstUplinkOf(device));
  const toolsUid = uidOf("network");
  try {
    await createNamespaces(network.namespaces);
    await applySteps(network.board, { toolsUid });
  } catch (error) {
    await deleteNamespaces(network.namespaces);
    await own.remove();
    throw error;
  }

  const runner = createSystemRunner(options, release, uidOf, own, network, tellReady);
  const desk = await openDesk(device.paths.operator, runner.ask);
  runner.start();
  return {
    ...{ release, number: installed.generation },
    notReady: () => notReady(runner.state()),
    isInSafeMode: () => runner.state().ladder.safeMode !== null,
    restart: runner.restart,
    tellOutcome: (outcome) => runner.send("verifier", "generation", outcome),
    touch: runner.touch,
    async stop(reason) {
      await desk.close();
      await runner.stop(reason);
      await deleteNamespaces(network.namespaces);
      await own.remove();
    },
  };
}

/** Before anything tells the time or opens the tunnel. The clock of a machine that is only played on is not ours. */
async function setClock({ config, log }: Device, { builtAtMs }: Release): Promise<void> {
  if (config.board === "virtual") return;
  const words = await catchUp(join(config.dataDir, "tunnel"), Date.now(), builtAtMs);
  if (words) log.line(words);
}

function firstUplinkOf({ provisioning, config }: Device): UplinkPlan {
  return firstUplink(provisioning, { servers: config.timeServers, uid: timeUid(config.uidBase) });
}

function aboutUplink(device: Device) {
  const { config, provisioning, log } = device;
  const names = { resolvers: config.resolvers, resolverUid: resolverUid(config.uidBase) };
  return { provisioning, first: firstUplinkOf(device), log: log.line, ...names };
}

type SystemRunner = Runner & { touch(): void; readonly ask: Operations["ask"] };

function createSystemRunner(
  options: GenerationOptions,
  release: Release,
  uidOf: UidOf,
  own: OwnDirectories,
  network: NetworkPlan,
  tellReady: () => void,
): SystemRunner {
  const { device, fifos, installed, record, update, events } = options;
  const { system } = release;
  const pacer = createPacer(statusIntervalMs, () => {
    const { sandbox, lastReason } = runner;
    const seen = { installed, release, update: update(), verification: watch.latest(), host: device.host };
    const now = { atMs: Date.now(), gateway: uplink.status(), state: runner.state() };
    const status = buildStatus({ ...seen, ...now, sandbox, lastReason, attached: operations.attachments.of });
    runner.send("message-server", "status", { status: { status, system } });
  });

  const operations = createOperations({
    ...{ system, uidOf, records: device.paths.records, log: device.log.line, runner: () => runner },
    onChange() {
      pacer.touch();
      watch.request();
    },
  });
  const watch = createWatch(device, system, () => uplink.plan(), operations.attachments.all, pacer.touch);
  const traces = createTraceSwitches(system);
  const files = countOpenFiles(system, () => runner);

  function onRequest(request: Request<keyof typeof mayAsk>): void {
    if (request.kind === "verify") watch.request();
    else if (request.kind === "resolve" || request.kind === "gateway") uplink.hear(request);
    else if (request.kind === "files") files.ask();
    else if (request.kind !== "trace") events.onRequest(request);
    else traces.set(request.body, (name, body) => runner.send(name, "trace", body));
  }

  const askers = createAskers({ device, fifos }, watch.launch, (time) => runner.send("clock-server", "time", time));
  const toolsUid = uidOf("network");
  const tunnel = createTunnelEnd(network.tunnel, { toolsUid }, (reading) => runner.send("network", "tunnel", reading));
  const uplink = createUplink({
    ...{ ...aboutUplink(device), toolsUid, onChange: pacer.touch, ask: askers.name },
    tell: (kind, body) => runner.send("network", kind, body),
    onRefused: (what) => runner.fault("network", what),
  });

  async function attachTunnel(): Promise<void> {
    await tunnel.attach().then(uplink.attached, (error: Error) => {
      runner.fault("network", `made a tunnel that ${error.message}`);
    });
  }

  const crashes = createCrashReports(release, installed.generation, hasGroups(device), (facts) => {
    const isThere = runner.sandbox("serial-server") !== undefined && isCore(release, "serial-server");
    if (isThere) runner.send("serial-server", "crash", facts);
    return isThere;
  });

  const returns = watchReturns(device, system, (name, reason) => runner.restart(name, reason));
  const pad = { device, fifos, release, installed, uidOf, own, returns, recordings: operations.recordings };
  const launchAlone = (name: string, slot: Slot) => watch.launch(name, () => launch(pad, name, slot));
  const groups = createTrustGroups(system, (leader) => launchAlone(leader, 0));
  const isMember = (name: string) => (system.components[name]?.trustGroup ?? null) !== null;

  const runner: Runner = createRunner(planSupervision(system), {
    launch: (name, slot) => (isMember(name) ? groups.launch(name) : launchAlone(name, slot)),
    greeting: (name, incarnation) => ({
      ...greeting(name, incarnation, { release, installed, record: record(), device }),
      trace: traces.settings(name),
      ...operations.recordings.settings(name),
    }),
    stands: operations.attachments.stands,
    mayRequest: (name, kind) => name === mayAsk[kind] && isCore(release, name),
    onRequest,
    onGreeted(name) {
      const { lastOutcome } = record();
      if (name === "verifier" && lastOutcome) runner.send(name, "generation", lastOutcome);
      if (name === "serial-server") crashes.flush();
      pacer.touch();
    },
    onReady(name) {
      void runner
        .sandbox(name)
        ?.schedule()
        .then(pacer.touch, (error: Error) => runner.fault(name, error.message));
      if (name === "network" && isCore(release, name)) void attachTunnel();
      if (name === "clock-server" && isCore(release, name)) askers.time.begin();
    },
    onCrash: crashes.tell,
    onEscalation: events.onEscalation,
    onChange() {
      if (notReady(runner.state()).length === 0) {
        tellReady();
        watch.settled();
      }
      pacer.touch();
      events.onChange();
    },
    log: device.log.line,
  });

  return {
    ...runner,
    touch: pacer.touch,
    ask: operations.ask,
    async stop(reason) {
      for (const part of [watch, tunnel, uplink, askers.time, returns]) part.stop();
      await runner.stop(reason);
      pacer.stop();
    },
  };
}

function countOpenFiles({ components }: Release["system"], runner: () => Runner) {
  const pidOf = (name: string) => runner().sandbox(name)?.componentPid;
  return createFileCounter(Object.keys(components), pidOf, (open) =>
    runner().send("scheduler-server", "files", { open }),
  );
}

function hasGroups({ host }: Device): boolean {
  return host.cgroup.version !== "none";
}

function isCore({ system }: Release, name: string): boolean {
  const component = system.components[name];
  return component !== undefined && isCoreServer(name, component);
}
