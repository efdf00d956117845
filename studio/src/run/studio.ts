/**
 * The Studio Server on this machine: database, management service, and the world with the gateway of the tunnel. Devices may
 * join the same world (launcher.ts). Each part is started when what it needs is there.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KmsConfig, type Postgres, type PreparedInstance, prepareInstance, startPostgres } from "@bulkhead/kms";
import { exitToRestart } from "@bulkhead/runtime";
import { type StudioClient, studioClient } from "../api/client.ts";
import { readSessionToken } from "../api/session-token.ts";
import { bulkheadDirectory } from "../locations.ts";
import { startGateway } from "./gateway.ts";
import { keepRunning } from "./keep-running.ts";
import { type Kms, type KmsPlace, startKms } from "./kms.ts";
import { type Paths, wire } from "./paths.ts";
import { checkPort } from "./port.ts";
import type { Privilege } from "./privilege.ts";
import type { Progress } from "./progress.ts";
import type { Site } from "./site.ts";
import { openWorld, type World } from "./world/client.ts";

export type StudioOptions = {
  /** Of the web page on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** `any`: the service takes releases that nobody signed, as a hostile one would. For proofs only. */
  uploads: KmsConfig["uploads"];
};

export type Studio = {
  privilege: Privilege;
  paths: Paths;
  /** Public keys and addresses of the management service. */
  identity: PreparedInstance;
  client: StudioClient;
  world: World;
  kms: { pid(): number; restart(): Promise<void>; kill(): Promise<void> };
  postgres: { pid(): number };
};

/** Starts the server at a site, whose `stop` takes it down, also where this fails half-way. */
export async function startStudio(site: Site, options: StudioOptions, progress: Progress): Promise<Studio> {
  const { privilege, paths, uids } = site;
  await checkPort(host, options.port);
  const identity = await prepareInstance({ stateDir: paths.kms, uid: uids.kms });
  const postgres = await progress.step("starting PostgreSQL", () =>
    keepRunning("PostgreSQL", () => startPostgres({ stateDir: paths.stateDir, uid: uids.kms }), site),
  );
  site.atEnd(() => postgres.stop());
  const place = kmsPlace(options, paths, postgres.current(), uids.kms);
  const kms = await progress.step("starting the management service", () =>
    keepRunning("the management service", (before: Kms | null) => startKms(atSamePort(place, before?.url)), site),
  );
  site.atEnd(() => kms.stop());
  const world = await progress.step("making the world: wire, gateway and tunnel", () => openGateway(site, identity));
  site.atEnd(() => world.close());
  return {
    privilege,
    paths,
    identity,
    client: await writeRecord(site, kms.current().url),
    world,
    kms: { pid: () => kms.current().pid, kill: () => kms.stop(), restart: () => kms.start() },
    postgres: { pid: () => postgres.current().pid },
  };
}

/** Browsers and devices find a service that was started again where it was. */
function atSamePort(place: KmsPlace, url: string | undefined): KmsPlace {
  return url === undefined ? place : { ...place, config: { ...place.config, port: Number(new URL(url).port) } };
}

/** Writes down where the server is, for the command line (`findStudio`). */
async function writeRecord({ paths, atEnd }: Site, url: string): Promise<StudioClient> {
  const tokenFile = join(paths.kms, "session-token");
  const client = studioClient({ url, token: await readSessionToken(tokenFile) });
  await writeFile(paths.studioRecord, JSON.stringify({ format: 1, url, tokenFile }), { mode: 0o600 });
  atEnd(() => rm(paths.studioRecord, { force: true }));
  return client;
}

const host = "127.0.0.1";

function kmsPlace(options: StudioOptions, paths: Paths, postgres: Postgres, uid: number | null): KmsPlace {
  const webDir = join(bulkheadDirectory, "kms-web/dist");
  return {
    configFile: paths.kmsConfig,
    logFile: join(paths.logDir, "kms.log"),
    uid,
    postgresSocketDir: postgres.socketDir,
    config: {
      format: 1,
      stateDir: paths.kms,
      runDir: paths.kmsRun,
      databaseSocketDir: postgres.socketDir,
      databaseUser: postgres.user,
      port: options.port,
      host,
      insecureBind: false,
      hostNames: [],
      webDir,
      gateway: { endpoint: { host: wire.gateway, port: wire.gatewayPort }, controlSocket: paths.gatewaySocket },
      proxies: { mqtt: { upstream: "embedded", port: 1883 } },
      uploads: options.uploads,
    },
  };
}

async function openGateway({ privilege, paths, uids, note, fail }: Site, identity: PreparedInstance): Promise<World> {
  const world = await openWorld(privilege, join(paths.logDir, "world.log"));
  world.onEnded(({ id, code, signal }) => {
    const isAsked = code === exitToRestart;
    note(
      isAsked
        ? `${id} restarts, as it was asked to`
        : `${id} has ended by itself (${signal ?? code}) and is started again`,
    );
  });
  try {
    await startGateway(world, {
      paths,
      address: identity.address,
      privateKeyFile: identity.tunnelPrivateKeyFile,
      proxies: { mqtt: 1883 },
      kmsUid: uids.kms,
    });
  } catch (error) {
    await world.close();
    throw error;
  }
  world.onLost(fail);
  return world;
}
