/** Puts the KMS together, in the order in which its parts need each other, and takes it down in reverse. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { devicePrefix } from "@bulkhead/protocol";
import { startBroker } from "./broker/index.ts";
import { sweepCommands } from "./commands/delivery.ts";
import type { KmsConfig } from "./config.ts";
import { migrateDatabase, openDatabase, studioScope } from "./database/index.ts";
import { createSessions, startDeviceChannel } from "./device-channel/index.ts";
import {
  createCrashReports,
  createMemoryBound,
  createObservations,
  createResourceReports,
  listDevices,
} from "./devices/index.ts";
import { listEnrolments } from "./enrolments/index.ts";
import { createEventBus } from "./events/index.ts";
import { gatewayClient } from "./gateway/index.ts";
import { startHttp } from "./http/server.ts";
import { openAccess } from "./http/session-token.ts";
import { prepareInstance, readInstance } from "./instance/index.ts";
import { endEnrolments, identifyDevice, type Kms, noteOverdue } from "./kms.ts";
import { describeError, type Log } from "./log.ts";
import { startProxies } from "./proxies/index.ts";
import { openBlobs, refreshRepository } from "./releases/index.ts";
import { openSamples } from "./telemetry/index.ts";
import { openTraces } from "./traces/index.ts";
import { reconcileTunnels } from "./tunnels/index.ts";

export type RunningKms = {
  url: string;
  port: number;
  /** Logs one browser in, once. */
  loginUrl: string;
  stop(): Promise<void>;
};

const sweepMs = 1000;
const refreshMs = 3600_000;
const boundsMs = 60_000;
const overdueMs = 2000;

/** Resolves when the KMS serves; waits for the database, and answers DATABASE_UNAVAILABLE meanwhile. */
export async function startKms(config: KmsConfig, log: Log): Promise<RunningKms> {
  await prepareInstance({ stateDir: config.stateDir, uid: null });
  const location = { socketDir: config.databaseSocketDir, user: config.databaseUser };
  const { database, close: closeDatabase } = openDatabase(location);
  const instance = await readInstance(config.stateDir);
  const scope = studioScope;
  const events = createEventBus();
  let isMigrated = false;
  const migrating = migrateWhenThere(location, log);
  const peers = async () => {
    // Before that there may be no table to ask.
    await migrating;
    // Boards that are waited for as well: by the tunnel they come.
    const rows = [...(await listDevices(database, scope)), ...(await listEnrolments(database, scope, Date.now()))];
    return rows.map((row) => ({
      publicKey: row.tunnelKey,
      allowedPrefix: `${devicePrefix(instance.prefix, row.number)}/112`,
    }));
  };
  const broker = await startBroker((message) => events.publish({ type: "telemetry", message }));
  const blobs = await openBlobs(join(config.stateDir, "blobs"));
  const tunnels = reconcileTunnels(gatewayClient(config.gateway.controlSocket), peers, log);
  const sessions = createSessions();
  const memory = createMemoryBound(config.keep.reportBytes);
  const resources = createResourceReports(memory);
  const crashes = createCrashReports(memory);
  const observations = createObservations(memory);
  const samples = openSamples(database, scope, config.keep);
  const traces = openTraces(database, scope, config.keep);
  const kms: Kms = {
    config,
    instance,
    database,
    scope,
    blobs,
    events,
    sessions,
    resources,
    crashes,
    observations,
    samples,
    traces,
    tunnels,
    broker,
    log,
  };
  const identify = (address: string) => identifyDevice(kms, address);
  const proxies = await startProxies({ config, broker, identify, log });
  const access = await openAccess(config.stateDir);
  const http = await startHttp({ kms, proxies, access, isMigrated: () => isMigrated });
  await migrating;
  isMigrated = true;
  const channel = await startDeviceChannel(kms);
  const chores = [
    repeat(sweepMs, () => sweepCommands(kms), log),
    repeat(sweepMs, () => endEnrolments(kms), log),
    repeat(overdueMs, () => noteOverdue(kms), log),
    repeat(boundsMs, () => Promise.all([samples.sweep(Date.now()), traces.sweep()]), log),
    repeat(refreshMs, () => refreshRepository(database, scope, instance, Date.now()), log),
  ];
  return {
    url: http.url,
    port: http.port,
    loginUrl: http.makeLoginUrl(),
    async stop() {
      for (const chore of chores) chore.stop();
      await Promise.all([channel.close(), proxies.close(), http.close(), tunnels.stop()]);
      await broker.close();
      await closeDatabase();
    },
  };
}

/** A database that is away is waited for: launcher and KMS may be started in any order. */
async function migrateWhenThere(location: Parameters<typeof migrateDatabase>[0], log: Log): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await migrateDatabase(location);
    } catch (error) {
      if (attempt % 20 === 0) log("warn", "waiting for the database", { why: describeError(error) });
      await sleep(250);
    }
  }
}

/** Runs `chore` now and again, one at a time; what fails is logged and tried again at the next turn. */
function repeat(everyMs: number, chore: () => Promise<unknown>, log: Log): { stop(): void } {
  let timer: NodeJS.Timeout;
  let problem = "";
  let stopped = false;
  const turn = async () => {
    try {
      await chore();
      problem = "";
    } catch (error) {
      const words = describeError(error);
      if (words !== problem) log("warn", "a chore failed", { why: words });
      problem = words;
    }
    if (!stopped) timer = setTimeout(turn, everyMs);
  };
  timer = setTimeout(turn, 0);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
