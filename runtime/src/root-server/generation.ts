/** The running generation: its ground, its supervision, and the state that it shows to the world. */
import type { DeviceStatus, InstalledRelease } from "@bulkhead/protocol";
import { greeting, isCoreOf, type LaunchPad, type LogFifos, launch, watchReturns } from "../compartment/index.ts";
import type { Device } from "../device/index.ts";
import { type GenerationRecord, type Installed, outcomeAtGreeting } from "../generations/index.ts";
import { createOperations, type Operations, openDesk } from "../operator/index.ts";
import { openWayOut, setClock } from "../outside/index.ts";
import { createRunner, type Escalation, mayAsk, type Request, type Runner } from "../processes/index.ts";
import {
  buildStatus,
  createCrashReports,
  createFileCounter,
  createPacer,
  createReadyLine,
  createTraceSwitches,
  createWatch,
} from "../report/index.ts";
import { changeGround, type Ground, layGround, stayingOf } from "../succession/index.ts";
import { notReady, planSupervision } from "../supervision/index.ts";
import { createLauncher } from "../trust-groups/index.ts";

/** The state goes out at most this often. */
const statusIntervalMs = 200;

export type Generation = {
  number(): number;
  release(): InstalledRelease;
  /** The permanent components that are not ready. */
  notReady(): string[];
  /** What it has to have reached as well, by its manifest. */
  notReached(): string[];
  isInSafeMode(): boolean;
  /** Of it only core servers and the agent may run, for it is damaged. */
  isHeld(): boolean;
  restart(component: string, reason: string): void;
  /** Tells the verifier what became of a release. */
  tellOutcome(outcome: NonNullable<GenerationRecord["lastOutcome"]>): void;
  /** Something outside of supervision that the state shows has changed. */
  touch(): void;
  /** The components that could go on if `next` took over now. */
  staying(next: Next): readonly string[];
  /** Becomes `next`, while `staying` go on. Where it throws, `stop` is all that is left to do with it. */
  become(next: Next, staying: readonly string[]): Promise<void>;
  /** Paths of which sandboxes that there are show something. */
  shown(): string[];
  /** Ends all components and removes the network. */
  stop(reason: string): Promise<void>;
};

/** What is installed, and intact; `held`: why of it only core servers and the agent may run. */
export type Next = {
  readonly installed: Installed;
  readonly release: InstalledRelease;
  readonly held?: string;
  readonly pinnedArtifacts?: readonly string[];
};

export type GenerationEvents = {
  onRequest(request: Request): void;
  onEscalation(escalation: Escalation): void;
  onChange(): void;
};

export type GenerationOptions = {
  readonly device: Device;
  readonly fifos: LogFifos;
  /** As it stands now; the floors and the last outcome are read from it. */
  readonly record: () => GenerationRecord;
  readonly base: () => DeviceStatus["base"];
  readonly update: () => DeviceStatus["update"];
  readonly events: GenerationEvents;
};

/** What runs now; becoming another generation exchanges it as a whole. */
type Current = Next & {
  /** Incarnations that components had before it. */
  readonly before: Readonly<Record<string, number>>;
  hasReached: boolean;
  readonly ground: Ground;
  readonly tellReady: () => void;
};

/** Prepares and starts `chosen`; the components come up in the background. Throws NETWORK_SETUP_FAILED; nothing runs then. */
export async function startGeneration(options: GenerationOptions, chosen: Next): Promise<Generation> {
  const { device, fifos, record } = options;
  const means = () => ({ device, fifos, record: record() });
  const tellReady = createReadyLine(device.log, chosen.installed.generation);
  await setClock(device, chosen.release);
  let now: Current = { ...chosen, hasReached: false, before: {}, tellReady, ground: await layGround(means(), chosen) };

  const runner = createSystemRunner(options, () => now);
  const desk = await openDesk(device.paths.operator, runner.ask);
  const isReady = (name: string) => runner.state().components[name]?.phase.kind === "ready";
  runner.start(chosen.held);
  return {
    number: () => now.installed.generation,
    release: () => now.release,
    notReady: () => notReady(runner.state()),
    notReached: () => (now.release.system.update?.kms && !now.hasReached ? ["the management service"] : []),
    isHeld: () => now.held !== undefined,
    isInSafeMode: () => runner.state().ladder.safeMode !== null,
    restart: runner.restart,
    tellOutcome(outcome) {
      runner.send("verifier", "generation", outcome);
      runner.tellOutcome(outcome);
    },
    touch: runner.touch,
    staying: (next) =>
      stayingOf(now, next, { ...device.config, provisioning: device.provisioning, floors: record() }, isReady),
    async become(next, staying) {
      const tellReady = createReadyLine(device.log, next.installed.generation);
      const reason = `generation ${next.installed.generation} takes over`;
      await runner.giveWay(staying, reason);
      if (runner.state().ladder.safeMode) throw new Error("the device is in safe mode");
      const counts = Object.entries(runner.state().components).map(([name, { incarnation }]) => [name, incarnation]);
      const ground = await changeGround(means(), now, next, staying);
      now = { ...next, hasReached: false, before: Object.fromEntries(counts), tellReady, ground };
      runner.follow(staying);
      runner.takeOver(planSupervision(next.release.system), reason);
      runner.send("clock-server", "built", { builtAtMs: next.release.builtAtMs });
      runner.touch();
    },
    shown: runner.shown,
    async stop(reason) {
      await desk.close();
      await runner.stop(reason);
      await now.ground.remove();
    },
  };
}

type SystemRunner = Runner & {
  touch(): void;
  /** `now` is another one, in which `staying` go on. */
  follow(staying: readonly string[]): void;
  shown(): string[];
  readonly ask: Operations["ask"];
  readonly tellOutcome: Operations["tellOutcome"];
};

function createSystemRunner(options: GenerationOptions, now: () => Current): SystemRunner {
  const { device, fifos, record, base, update, events } = options;
  const system = () => now().release.system;
  const uidOf = (name: string) => now().ground.uidOf(name);
  const pacer = createPacer(statusIntervalMs, () => {
    const { sandbox, lastReason } = runner;
    const seen = { ...now(), base: base(), update: update(), verification: watch.latest(), host: device.host };
    const moment = { atMs: Date.now(), gateway: wayOut.status(), state: runner.state() };
    const status = buildStatus({ ...seen, ...moment, sandbox, lastReason, attached: operations.attachments.of });
    runner.send("message-server", "status", { status: { status, system: system() } });
  });

  const operations = createOperations({
    ...{ system, uidOf, paths: device.paths, update, log: device.log.line, runner: () => runner },
    onChange() {
      pacer.touch();
      watch.request();
    },
  });
  const watch = createWatch(device, system, () => wayOut.plan(), operations.attachments.all, pacer.touch);
  const traces = createTraceSwitches(system);
  const files = createFileCounter(
    () => Object.keys(system().components),
    (name) => runner.sandbox(name)?.componentPid,
    (open) => runner.send("scheduler-server", "files", { open }),
  );

  function onRequest(request: Request<keyof typeof mayAsk>): void {
    if (request.kind === "verify") watch.request();
    else if (request.kind === "resolve" || request.kind === "gateway") wayOut.hear(request);
    else if (request.kind === "files") files.ask();
    else if (request.kind === "reached") markReached(now(), events);
    else if (request.kind !== "trace") events.onRequest(request);
    else traces.set(request.body, (name, body) => runner.send(name, "trace", body));
  }

  const means = { device, uidOf, steps: now().ground.network.tunnel, runner: () => runner, onChange: pacer.touch };
  const wayOut = openWayOut(means, { device, fifos }, watch.launch);

  const crashes = createCrashReports(now, device.host.cgroup.version !== "none", (facts) => {
    const isThere = runner.sandbox("serial-server") !== undefined && isCoreOf(system(), "serial-server");
    if (isThere) runner.send("serial-server", "crash", facts);
    return isThere;
  });

  const returns = watchReturns(device, system, (name, reason) => runner.restart(name, reason));
  const { recordings } = operations;
  const pad = (): LaunchPad => ({ device, fifos, ...now(), ...now().ground, returns, recordings });

  const runner: Runner = createRunner(planSupervision(system()), {
    launch: createLauncher(system, (name, slot) => watch.launch(name, () => launch(pad(), name, slot)), 0),
    greeting: (name, incarnation) => ({
      ...greeting(name, incarnation, { ...now(), record: record(), device }),
      trace: traces.settings(name),
      ...recordings.settings(name),
    }),
    stands: operations.attachments.stands,
    mayRequest: (name, kind) => name === mayAsk[kind] && isCoreOf(system(), name),
    onRequest,
    onGreeted(name) {
      const outcome = name === "verifier" && outcomeAtGreeting(record(), now().held !== undefined, Date.now());
      if (outcome) runner.send(name, "generation", outcome);
      if (name === "serial-server") crashes.flush();
      pacer.touch();
    },
    onReady(name) {
      void runner
        .sandbox(name)
        ?.schedule()
        .then(pacer.touch, (error: Error) => runner.fault(name, error.message));
      if (name === "network" && isCoreOf(system(), name)) void wayOut.attach();
      if (name === "clock-server" && isCoreOf(system(), name)) wayOut.beginTime();
    },
    onCrash: crashes.tell,
    onEscalation: events.onEscalation,
    onChange() {
      if (notReady(runner.state()).length === 0) {
        now().tellReady();
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
    tellOutcome: operations.tellOutcome,
    shown: watch.shown,
    follow(staying) {
      watch.follow();
      traces.follow(staying);
    },
    async stop(reason) {
      for (const part of [watch, wayOut, returns]) part.stop();
      await runner.stop(reason);
      pacer.stop();
    },
  };
}

function markReached(current: Current, { onChange }: GenerationEvents): void {
  current.hasReached = true;
  onChange();
}
