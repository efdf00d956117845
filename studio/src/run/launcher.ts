/** Builds, signs and runs one whole system on this machine: a Studio Server, and a device that is connected to it. */
import { join } from "node:path";
import type { KmsConfig } from "@bulkhead/kms";
import { type Provisioning, releaseTargetName } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { type BuiltRelease, buildPlatform, buildProject, installRuntimes, ManifestError } from "../build/index.ts";
import { loadManifest } from "../check/load.ts";
import { readSigned, uploadSigned } from "../deploy/source.ts";
import type { SignedRelease } from "../sign/index.ts";
import { attachDevice, type Device, installNode, makeDeviceKeys, provisionDevice, readProvisioning } from "./device.ts";
import { untilAborted } from "./ending.ts";
import type { Paths } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { buildNext, ensureProject, type Project, publish, uploadRoots } from "./project.ts";
import { claimSite, type Site, takeDownOnFailure } from "./site.ts";
import { type Studio, startStudio } from "./studio.ts";
import { untilReady } from "./until-ready.ts";

export type LaunchOptions = {
  name: string;
  manifest: string;
  /** The release to start with, signed with a project's own keys; in place of building and signing `manifest`. */
  signed?: SignedSource | undefined;
  port: number;
  deviceNode: string | null;
  /** Forgets what an earlier run of this name kept. */
  fresh: boolean;
  /** `any`: the service takes releases that nobody signed, as a hostile one would. For proofs only. */
  uploads: KmsConfig["uploads"];
  /** Aborted from outside when it shall end, from inside when it cannot go on. */
  ending?: AbortController;
};

export type Running = Studio & {
  project: Project;
  device: Device;
  provisioning: Provisioning;
  /** What the device started with. */
  release: BuiltRelease;
  signed: Pick<SignedRelease, "target" | "release" | "releaseDigest">;
  /** Builds another release of a manifest, with the next counter or the one given. */
  build(manifest: string, releaseCounter: number): Promise<BuiltRelease>;
  stop(): Promise<void>;
};

const deviceName = "greenhouse-1";
const deviceLog = ({ logDir }: Paths): string => join(logDir, `${deviceName}.log`);

export type SignedSource = { readonly releaseDir: string; readonly repositoryDir: string };

/** Starts everything and waits until the device runs, connected. What fails on the way is taken down again. */
export async function launch(options: LaunchOptions, progress: Progress): Promise<Running> {
  // What is wrong with the manifest is said before anything is started.
  if (!options.signed) checkManifest(options.manifest);
  const site = await claimSite(options, progress);
  return takeDownOnFailure(site, async () => {
    const building = progress.step("building the runtime and the example", () => build(options, site.paths));
    // Without a release there is nothing to go on for; what is up by then is taken down.
    building.catch((error: Error) => site.fail(error));
    site.atEnd(() => building.catch(() => undefined));
    const studio = await startStudio(site, options, progress);
    const { release, nodePath } = await building;
    site.ending.throwIfAborted();
    const { client, identity, paths } = studio;
    const project = projectOf(options, paths);
    const signed = await progress.step("signing the release and enrolling the device", async () => {
      if (options.signed) return bring(client, release, project.repositoryDir);
      await ensureProject(project, identity);
      await uploadRoots(client, project.repositoryDir);
      return publish(client, project, release);
    });
    const { device, provisioning } = await bootDevice(site, studio, nodePath, release);
    site.atEnd(() => device.stop());
    await progress.step("booting the device and connecting it", () =>
      Promise.race([untilReady(client, provisioning.deviceId, deviceLog(paths)), untilAborted(site.ending)]),
    );
    return {
      ...studio,
      project,
      device,
      provisioning,
      release,
      signed,
      build: (manifest, releaseCounter) =>
        buildProject({ manifest, outDir: join(paths.buildDir, String(releaseCounter)), releaseCounter }),
      stop: site.stop,
    };
  });
}

async function bring(client: StudioClient, built: BuiltRelease, repositoryDir: string): Promise<Running["signed"]> {
  await uploadSigned(client, built, repositoryDir);
  return { target: releaseTargetName(built.release), release: built.release, releaseDigest: built.releaseDigest };
}

function checkManifest(manifest: string): void {
  const { compiled } = loadManifest(manifest);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
}

function projectOf({ signed }: LaunchOptions, { keysDir, repositoryDir }: Paths): Project {
  return { keysDir, repositoryDir: signed?.repositoryDir ?? repositoryDir };
}

async function build(options: LaunchOptions, paths: Paths): Promise<{ release: BuiltRelease; nodePath: string }> {
  const node = options.deviceNode ?? process.execPath;
  const [nodePath, release] = await Promise.all([
    installNode(node, paths.platformDir, options.deviceNode === null ? process.version : "given"),
    options.signed
      ? readSigned(options.signed.releaseDir, options.signed.repositoryDir)
      : buildNext(projectOf(options, paths), options.manifest, join(paths.buildDir, "current")),
    buildPlatform(paths.platformDir),
  ]);
  await installRuntimes(release.release.system, paths.platformDir);
  return { release, nodePath };
}

async function bootDevice(
  { paths, instance, uids }: Site,
  { client, world }: Studio,
  nodePath: string,
  release: BuiltRelease,
): Promise<{ device: Device; provisioning: Provisioning }> {
  const dataDir = join(paths.devicesDir, deviceName);
  const provisioning = (await readProvisioning(dataDir)) ?? (await enrol(client, dataDir, paths.platformDir, release));
  const device = await attachDevice(world, {
    name: deviceName,
    number: 1,
    devicesDir: paths.devicesDir,
    platformDir: paths.platformDir,
    logFile: deviceLog(paths),
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
