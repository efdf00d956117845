/**
 * The Studio Server on this machine: database, management service, and the world with the gateway of the tunnel. Devices may
 * join the same world (launcher.ts). Each part is started when what it needs is there.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KmsConfig, type Postgres, type PreparedInstance, prepareInstance, startPostgres } from "@bulkhead/kms";
import { type StudioClient, studioClient } from "../api/client.ts";
import { bulkheadDirectory } from "../locations.ts";
import { startGateway } from "./gateway.ts";
import { type KmsPlace, startKms } from "./kms.ts";
import { type Paths, wire } from "./paths.ts";
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
  postgresPid: number;
};

/** Starts the server at a site, whose `stop` takes it down, also where this fails half-way. */
export async function startStudio(site: Site, options: StudioOptions, progress: Progress): Promise<Studio> {
  const { privilege, paths, uids } = site;
  const identity = await prepareInstance({ stateDir: paths.kms, uid: uids.kms });
  const postgres = await progress.step("starting PostgreSQL", () =>
    startPostgres({ stateDir: paths.stateDir, uid: uids.kms }),
  );
  site.atEnd(() => postgres.stop());
  const place = kmsPlace(options, paths, postgres, uids.kms);
  let kms = await progress.step("starting the management service", () => startKms(place));
  site.atEnd(() => kms.kill());
  const world = await progress.step("making the world: wire, gateway and tunnel", () =>
    openGateway(privilege, paths, identity, uids.kms),
  );
  site.atEnd(() => world.close());
  return {
    privilege,
    paths,
    identity,
    client: await writeRecord(site, kms.url),
    world,
    kms: {
      pid: () => kms.pid,
      kill: () => kms.kill(),
      restart: async () => {
        kms = await startKms({ ...place, config: { ...place.config, port: Number(new URL(kms.url).port) } });
      },
    },
    postgresPid: postgres.pid,
  };
}

/** Writes down where the server is, for the command line (`findStudio`). */
async function writeRecord({ paths, atEnd }: Site, url: string): Promise<StudioClient> {
  const tokenFile = join(paths.kms, "session-token");
  const client = studioClient({ url, token: (await readFile(tokenFile, "utf8")).trim() });
  await writeFile(paths.studioRecord, JSON.stringify({ format: 1, url, tokenFile }), { mode: 0o600 });
  atEnd(() => rm(paths.studioRecord, { force: true }));
  return client;
}

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
      host: "127.0.0.1",
      insecureBind: false,
      hostNames: [],
      webDir,
      gateway: { endpoint: { host: wire.gateway, port: wire.gatewayPort }, controlSocket: paths.gatewaySocket },
      proxies: { mqtt: { upstream: "embedded", port: 1883 } },
      uploads: options.uploads,
    },
  };
}

async function openGateway(
  privilege: Privilege,
  paths: Paths,
  identity: PreparedInstance,
  kmsUid: number | null,
): Promise<World> {
  const world = await openWorld(privilege, join(paths.logDir, "world.log"));
  await startGateway(world, {
    paths,
    address: identity.address,
    privateKeyFile: identity.tunnelPrivateKeyFile,
    proxies: { mqtt: 1883 },
    kmsUid,
  }).catch(async (error: unknown) => {
    await world.close();
    throw error;
  });
  return world;
}
