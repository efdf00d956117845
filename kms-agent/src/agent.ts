/**
 * The agent put together: sessions with the KMS, and in each of them the reports and results that are owed. It moves
 * bytes between the KMS and the servers of the device and is trusted with nothing.
 */
import { join } from "node:path";
import { type CommandEnvelope, reportError } from "@bulkhead/protocol";
import type {
  Client,
  clockSettingInterface,
  consoleInterface,
  deviceIdentityInterface,
  gateInterface,
  Log,
  monitorInterface,
  publishedSamplesInterface,
  schedulerInterface,
} from "@bulkhead/sdk";
import type { Coalesced } from "./coalesce.ts";
import { createExecutor, type Executor } from "./commands/executor.ts";
import { type Journal, openJournal } from "./commands/journal.ts";
import type { Aftermath } from "./commands/judge.ts";
import { reportResults } from "./commands/result-report.ts";
import type { AgentConfig } from "./config.ts";
import { deploy } from "./fetch/deploy.ts";
import { type Http, withOneConnection } from "./fetch/http.ts";
import { fetchMetadata } from "./fetch/metadata.ts";
import { openStaging, type Staging } from "./fetch/staging.ts";
import { receiveVisitor, type VisitorPorts } from "./import/visitor.ts";
import { createKmsClock } from "./kms-clock.ts";
import { observe } from "./observe.ts";
import { stayConnected } from "./reconnect.ts";
import { openCarriers } from "./reports/carriers.ts";
import { reportCrashes } from "./reports/crash-report.ts";
import { reportResources } from "./reports/resource-report.ts";
import { reportState } from "./reports/state-report.ts";
import { type ConnectionTimes, type OpenSession, runConnection } from "./session/connection.ts";
import { openAnchor } from "./sleep/anchor.ts";
import { type Sleep, windowAt } from "./sleep/schedule.ts";
import { stayAwake } from "./sleep/stay-awake.ts";
import { createTurns } from "./turns.ts";

export type Neighbours = {
  identity: Client<typeof deviceIdentityInterface>;
  gate: Client<typeof gateInterface>;
  console: Client<typeof consoleInterface>;
  samples: Client<typeof publishedSamplesInterface>;
  monitor: Client<typeof monitorInterface>;
  scheduler: Client<typeof schedulerInterface>;
  clock: Client<typeof clockSettingInterface>;
};
export type AgentOptions = {
  config: AgentConfig;
  uses: Neighbours;
  log: Log;
  /** This agent's own. */
  incarnation: number;
  /** There is a session with the KMS. */
  onReached?: () => void;
  /** Where fetched bytes and the agent's own small files lie. */
  stagingDirectory: string;
  /** The parts of the slot that runs, read only; a board without slots has none there. */
  slotParts?: readonly string[];
  /** Calls back when somebody on the board brings a file, which comes from the socket at `path`. */
  onVisitor?: (receive: (path: string) => void) => void;
  /** Only tests are in a hurry. */
  times?: ConnectionTimes;
};

/** Longest silence of the KMS while something is fetched. */
const stallMs = 20_000;
/** A person waits for it. */
const operatorsMs = 10_000;
/** A verifier that is just restarting is waited for this long. */
const commandDeadlineMs = 15_000;
/** What the KMS's word travelled and waited, at most, unless something is wrong with the tunnel. */
const kmsErrorMs = 2_000;
/** Notifications may be lost; what was missed is found by looking now and then. */
const refreshMs = 30_000;

/** Starts the agent; answers the function that stops it. */
export async function startAgent(options: AgentOptions): Promise<() => Promise<void>> {
  const { config, uses, log, incarnation, stagingDirectory, slotParts = [], times } = options;
  const { onReached = () => undefined } = options;
  const stop = new AbortController();
  const clock = createKmsClock();
  const staging = await openStaging(stagingDirectory);
  const journal = await openJournal(join(stagingDirectory, "agent.json"), (reason) =>
    log.error("the journal of commands is damaged and starts anew", { reason }),
  );
  const complain = createComplaint(log);
  const isFirst = incarnation === config.firstIncarnation;
  const awakeClock = await openAnchor({ path: join(stagingDirectory, "awake.json"), isNew: isFirst });
  const carriers = await openCarriers({
    directory: stagingDirectory,
    bounds: config.store,
    sources: uses,
    log,
    complain,
  });
  /** The proof of the session at hand has what redeems the device's token. */
  let isEnrolling = false;
  let session: OpenSession | undefined;
  let reports: ReturnType<typeof openReports> | undefined;

  const inTurn = createTurns();
  const toDeploy = { gate: uses.gate, staging, rootVersion: config.rootVersion, log: log.info, inTurn, old: slotParts };
  const executor = createExecutor(journal, {
    deviceId: config.pins.deviceId,
    nowMs: clock.nowMs,
    fetchOperators: () =>
      inTurn(() => fetchOperators(config, staging, stop.signal)).catch(complain("fetching who gives commands")),
    command: (envelope) => uses.gate.command(envelope, { deadlineMs: commandDeadlineMs }),
    deploy: (command, { deadlineMs, giveWay }, passOn) => {
      const http = httpFor(config, AbortSignal.any([stop.signal, giveWay]), deadlineMs - clock.nowMs());
      return deploy(command, { ...toDeploy, http }, passOn);
    },
    observe: (command) => observe(command, uses, session),
    stop: stop.signal,
    aftermath: () => readAftermath(uses.monitor, isFirst),
    onResult: () => reports?.results.poke(),
    log: log.info,
  });

  options.onVisitor?.(receiveAlone(executor, { gate: uses.gate, staging, inTurn, signal: stop.signal, log: log.info }));
  function onOpen(opened: OpenSession, kmsTimeMs: number, takes: readonly string[]): void {
    session = opened;
    onReached();
    log.info(isEnrolling ? "enrolled with the KMS, and connected to it" : "connected to the KMS");
    if (isEnrolling) void uses.identity.enrolled().catch(complain("putting the enrolment token away"));
    void uses.clock
      .offer({ source: "kms", timeMs: kmsTimeMs, errorMs: kmsErrorMs })
      .catch(complain("setting the clock"));
    clock.set(kmsTimeMs);
    if (config.sleep) void announceSleep(session, config.sleep, awakeClock, clock.nowMs);
    carriers.attach(session, takes);
    reports = openReports(session, uses, journal, complain);
  }

  uses.monitor.channel.on("changed", () => {
    reports?.state.poke();
    reports?.crashes.poke();
  });
  uses.monitor.channel.onPeer(({ up }) => up && reports?.state.poke());
  uses.console.channel.on("written", carriers.log.poke);
  uses.samples.channel.on("published", carriers.telemetry.poke);
  uses.console.channel.onPeer(({ up }) => up && carriers.log.poke());
  uses.samples.channel.onPeer(({ up }) => up && carriers.telemetry.poke());
  uses.scheduler.channel.onPeer(({ up }) => up && reports?.resources.poke());
  const refresh = setInterval(() => {
    reports?.state.poke();
    reports?.crashes.poke();
    carriers.log.poke();
    carriers.telemetry.poke();
  }, refreshMs);

  const ports = {
    async sign(transcript: Parameters<typeof uses.identity.signTranscript>[0]) {
      const proof = await uses.identity.signTranscript(transcript);
      isEnrolling = proof.redemption !== undefined;
      return proof;
    },
    onOpen,
    onCommand: (envelope: CommandEnvelope) => executor.execute(envelope),
  };
  void executor.resume().catch(complain("going on with commands"));
  const connect = (untilAsleep: AbortSignal) =>
    stayConnected(() => runConnection(config, ports, untilAsleep, times), log, untilAsleep);
  const connected = stayAwake(config.sleep, awakeClock, connect, stop.signal);
  return async () => {
    clearInterval(refresh);
    stop.abort();
    await connected;
    await Promise.all([journal.settled(), carriers.stop()]);
  };
}

/** A deployment that is under way gives way to a file that somebody brings: they stage in the same place. */
function receiveAlone({ before }: Executor, ports: VisitorPorts): (path: string) => void {
  return (path) => {
    if (!before(() => receiveVisitor(path, ports))) ports.log("a file is not taken in: too many others wait");
  };
}

function openReports(
  session: OpenSession,
  uses: Neighbours,
  journal: Journal,
  complain: ReturnType<typeof createComplaint>,
): Record<"state" | "crashes" | "resources" | "results", Coalesced> {
  return {
    state: reportState(session, uses.monitor, complain("reporting the state")),
    crashes: reportCrashes(session, uses.console, complain("reporting crashes")),
    resources: reportResources(session, uses.scheduler, complain("reporting the resources")),
    results: reportResults(session, journal, complain("reporting results")),
  };
}

/** Where nothing newer can be had, what the verifier trusts already goes on. */
function fetchOperators(config: AgentConfig, staging: Staging, stop: AbortSignal): Promise<void> {
  const from = httpFor(config, stop, operatorsMs);
  return withOneConnection(from, (http) => fetchMetadata(http, staging.metadata, config.rootVersion));
}

function httpFor({ authority }: AgentConfig, stop: AbortSignal, withinMs: number): Http {
  const untilThen = AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.max(0, withinMs)));
  return { authority, stallMs, signal: AbortSignal.any([stop, untilThen]) };
}

/** So that the KMS knows when silence is nothing to worry about, whatever becomes of the connection before. */
async function announceSleep(
  session: OpenSession,
  sleep: Sleep,
  awakeClock: () => Promise<number>,
  nowMs: () => number,
): Promise<void> {
  const { isAwake, leftMs, nextMs } = windowAt(sleep, await awakeClock());
  const untilMs = Math.round(nowMs() + (isAwake ? leftMs : 0));
  session.send({ type: "awake", untilMs, nextMs: Math.round(nowMs() + nextMs), awakeMs: sleep.awakeMs });
}

/** Tells a failure when it is new: the log is itself carried to the KMS, so a failure to carry must not feed itself. */
function createComplaint(log: Log): (what: string) => (error: unknown) => void {
  const told = new Map<string, string>();
  return (what) => (error) => {
    const report = reportError(error);
    if (told.get(what) === report.message) return;
    told.set(what, report.message);
    log.warn(`${what} failed`, { ...report });
  };
}

async function readAftermath(monitor: Neighbours["monitor"], isAllNew: boolean): Promise<Aftermath> {
  const status = await monitor.status(null, { deadlineMs: commandDeadlineMs }).catch(() => undefined);
  const update = status && {
    currentReleaseDigest: status.release.digest,
    currentOverlayDigest: status.overlay?.digest,
    isRolledBack: status.update.state === "rolled-back",
    isSafeMode: status.mode?.kind === "safe",
    judgedDigest: status.update.releaseDigest,
    reason: status.update.reason,
  };
  // A restart of the runtime starts its generation anew; an update restarts the agent with what it changes.
  return { isAllNew, update };
}
