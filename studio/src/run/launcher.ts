/**
 * Builds, signs and runs one whole system on this machine: database, management service, world, gateway, device. Each part
 * is started when what it needs is there, and all of it ends in the reverse order.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KmsConfig, type Postgres, type PreparedInstance, prepareInstance, startPostgres } from "@bulkhead/kms";
import type { Provisioning } from "@bulkhead/protocol";
import { removeCgroups } from "@bulkhead/runtime";
import { type StudioClient, studioClient } from "../api/client.ts";
import { type BuiltRelease, buildPlatform, buildRelease } from "../build/index.ts";
import { bulkheadDirectory } from "../locations.ts";
import type { SignedRelease } from "../sign/index.ts";
import { attachDevice, type Device, installNode, makeDeviceKeys, provisionDevice, readProvisioning } from "./device.ts";
import { eventually } from "./eventually.ts";
import { startGateway } from "./gateway.ts";
import { claimInstance, type Instance } from "./instance.ts";
import { type KmsPlace, startKms } from "./kms.ts";
import { type Paths, pathsBelow, wire } from "./paths.ts";
import { detectPrivilege, type Privilege } from "./privilege.ts";
import type { Progress } from "./progress.ts";
import { buildNext, ensureProject, type Project, publish, uploadRoots } from "./project.ts";
import { openWorld, type World } from "./world/client.ts";

export type LaunchOptions = {
  name: string;
  manifest: string;
  port: number;
  deviceNode: string | null;
  /** Forgets what an earlier run of this name kept. */
  fresh: boolean;
  /** `any`: the service takes releases that nobody signed, as a hostile one would. For proofs only. */
  uploads: KmsConfig["uploads"];
};

export type Running = {
  privilege: Privilege;
  paths: Paths;
  project: Project;
  client: StudioClient;
  world: World;
  device: Device;
  provisioning: Provisioning;
  /** What the device started with. */
  release: BuiltRelease;
  signed: SignedRelease;
  kms: { pid(): number; restart(): Promise<void>; kill(): Promise<void> };
  postgresPid: number;
  /** Builds another release of a manifest, with the next counter or the one given. */
  build(manifest: string, releaseCounter: number): Promise<BuiltRelease>;
  stop(): Promise<void>;
};

const deviceName = "greenhouse-1";

/** Starts everything and waits until the device runs, connected. What fails on the way is taken down again. */
export async function launch(options: LaunchOptions, progress: Progress): Promise<Running> {
  const privilege = await detectPrivilege();
  const instance = await claimInstance(options.name, bulkheadDirectory);
  for (const left of instance.cleaned) progress.note(`cleaned up: ${left}`);
  const undo: (() => Promise<unknown>)[] = [() => instance.release()];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await start(options, privilege, instance, progress, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: LaunchOptions,
  privilege: Privilege,
  instance: Instance,
  progress: Progress,
  undo: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Running> {
  const paths = pathsBelow(instance.stateDir);
  const uids = uidsOf(privilege, instance);
  if (options.fresh) await forget(paths);
  await mkdir(paths.logDir, { recursive: true, mode: 0o700 });
  undo.push(() => removeCgroups(instance.cgroupInstance));

  const building = progress.step("building the runtime and the example", () => build(options, paths));
  building.catch(() => undefined);
  const identity = await prepareInstance({ stateDir: paths.kms, uid: uids.kms });
  const postgres = await progress.step("starting PostgreSQL", () =>
    startPostgres({ stateDir: paths.stateDir, uid: uids.kms }),
  );
  undo.push(() => postgres.stop());
  const place = kmsPlace(options, paths, postgres, uids.kms);
  let kms = await progress.step("starting the management service", () => startKms(place));
  undo.push(() => kms.kill());
  const { release, nodePath } = await building;
  const world = await progress.step("making the world: wire, gateway and tunnel", () =>
    openGateway(privilege, paths, identity, uids.kms),
  );
  undo.push(() => world.close());

  const client = studioClient({
    url: kms.url,
    token: (await readFile(join(paths.kms, "session-token"), "utf8")).trim(),
  });
  await writeFile(
    paths.studioRecord,
    JSON.stringify({ format: 1, url: kms.url, tokenFile: join(paths.kms, "session-token") }),
    { mode: 0o600 },
  );
  undo.push(() => rm(paths.studioRecord, { force: true }));
  const project = { keysDir: paths.keysDir, repositoryDir: paths.repositoryDir };
  const signed = await progress.step("signing the release and enrolling the device", async () => {
    await ensureProject(project, identity);
    await uploadRoots(client, project.repositoryDir);
    return publish(client, project, release);
  });
  const { device, provisioning } = await bootDevice(client, world, { paths, instance, uids, nodePath, release });
  undo.push(() => device.stop());
  await progress.step("booting the device and connecting it", () => untilConnected(client, provisioning.deviceId));
  return {
    privilege,
    paths,
    project,
    client,
    world,
    device,
    provisioning,
    release,
    signed,
    kms: {
      pid: () => kms.pid,
      kill: () => kms.kill(),
      restart: async () => {
        kms = await startKms({ ...place, config: { ...place.config, port: Number(new URL(kms.url).port) } });
      },
    },
    postgresPid: postgres.pid,
    build: (manifest, releaseCounter) =>
      buildRelease({ manifest, outDir: join(paths.buildDir, String(releaseCounter)), releaseCounter }),
    stop,
  };
}

/** Uids of our own, far from those of people, packages, containers (up to 1879048191) and of other instances. */
function uidsOf(privilege: Privilege, instance: Instance): { kms: number | null; components: number | null } {
  if (privilege.kind === "user") return { kms: null, components: null };
  // Inside the user namespace; the host sees the user's own range.
  if (privilege.kind === "user-range") return { kms: null, components: 1000 };
  const slot = Number.parseInt(instance.stateDir.slice(-4), 16) % 1000;
  const base = 1_900_000_000 + slot * 10_000;
  return { kms: base, components: base + 1000 };
}

async function forget(paths: Paths): Promise<void> {
  for (const part of [
    paths.kms,
    paths.gatewayDir,
    paths.devicesDir,
    paths.buildDir,
    join(paths.stateDir, "project"),
    join(paths.stateDir, "postgres", "data"),
    paths.logDir,
  ]) {
    await rm(part, { recursive: true, force: true });
  }
}

async function build(options: LaunchOptions, paths: Paths): Promise<{ release: BuiltRelease; nodePath: string }> {
  const node = options.deviceNode ?? process.execPath;
  const [nodePath, release] = await Promise.all([
    installNode(node, paths.platformDir, options.deviceNode === null ? process.version : "given"),
    buildNext(
      { keysDir: paths.keysDir, repositoryDir: paths.repositoryDir },
      options.manifest,
      join(paths.buildDir, "current"),
    ),
    buildPlatform(paths.platformDir),
  ]);
  return { release, nodePath };
}

function kmsPlace(options: LaunchOptions, paths: Paths, postgres: Postgres, uid: number | null): KmsPlace {
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

type Boot = {
  paths: Paths;
  instance: Instance;
  uids: { components: number | null };
  nodePath: string;
  release: BuiltRelease;
};

async function bootDevice(
  client: StudioClient,
  world: World,
  boot: Boot,
): Promise<{ device: Device; provisioning: Provisioning }> {
  const { paths, instance, uids, nodePath, release } = boot;
  const dataDir = join(paths.devicesDir, deviceName);
  const provisioning = (await readProvisioning(dataDir)) ?? (await enrol(client, dataDir, paths.platformDir, release));
  const device = await attachDevice(world, {
    name: deviceName,
    number: 1,
    devicesDir: paths.devicesDir,
    platformDir: paths.platformDir,
    logFile: join(paths.logDir, `${deviceName}.log`),
    instance: instance.cgroupInstance,
    uidBase: uids.components,
    nodePath,
  });
  await device.start();
  return { device, provisioning };
}

async function enrol(
  client: StudioClient,
  dataDir: string,
  platformDir: string,
  release: BuiltRelease,
): Promise<Provisioning> {
  const keys = await makeDeviceKeys(dataDir, platformDir);
  const provisioning = await client.enrol({ name: deviceName, ...keys });
  await provisionDevice(dataDir, provisioning, release);
  return provisioning;
}

async function untilConnected(client: StudioClient, deviceId: string): Promise<void> {
  await eventually("the device to connect and report that all of it is ready", 30_000, async () => {
    const { connected, components } = await client.device(deviceId);
    return (connected && components !== null && components.ready === components.total) || undefined;
  });
}
