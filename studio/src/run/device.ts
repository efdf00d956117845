/**
 * A device on this host (board `virtual`): its disk, its identity, and its root server as a process of the world. What a flash
 * tool does for a board, `prepareDevice` does here.
 */
import { chmod, copyFile, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError, key32Schema, type Provisioning, provisioningSchema } from "@bulkhead/protocol";
import { installFactoryRelease } from "@bulkhead/runtime";
import { execa } from "execa";
import { z } from "zod";
import type { BuiltRelease } from "../build/index.ts";
import { wire } from "./paths.ts";
import type { World } from "./world/client.ts";

export type Device = {
  name: string;
  /** The device's disk. */
  dataDir: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What pulling the plug does. */
  kill(): Promise<void>;
};

export type DeviceOptions = {
  name: string;
  /** Counts devices on the wire from 1. */
  number: number;
  devicesDir: string;
  platformDir: string;
  logFile: string;
  instance: string;
  /** First uid of the device's components; null where only one uid can be had. */
  uidBase: number | null;
  nodePath: string;
};

const publicKeysSchema = z.strictObject({ deviceKey: key32Schema, tunnelKey: key32Schema });

/** Makes the device's keys, on the device's disk, unless they are there. Returns the public halves. */
export async function makeDeviceKeys(dataDir: string, platformDir: string): Promise<z.infer<typeof publicKeysSchema>> {
  const keysDir = join(dataDir, "keys");
  await mkdir(keysDir, { recursive: true, mode: 0o700 });
  const { stdout } = await execa(process.execPath, [
    join(platformDir, "key-store-init.js"),
    keysDir,
    join(dataDir, "sealing"),
  ]);
  return publicKeysSchema.parse(JSON.parse(stdout));
}

/** Writes what the device is told at enrolment, and the release that it starts with. */
export async function provisionDevice(
  dataDir: string,
  provisioning: Provisioning,
  release: BuiltRelease,
): Promise<void> {
  await installFactoryRelease(dataDir, release.release, join(release.dir, "artifacts"));
  // Last, and whole: its presence says that the device is complete.
  const file = join(dataDir, "provisioning.json");
  await writeFile(`${file}.new`, JSON.stringify(provisioningSchema.parse(provisioning)));
  await rename(`${file}.new`, file);
}

/** What the device was told when it was enrolled; null where it never was. Errors: STATE_DAMAGED. */
export async function readProvisioning(dataDir: string): Promise<Provisioning | null> {
  const file = join(dataDir, "provisioning.json");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return provisioningSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BulkheadError("STATE_DAMAGED", `${file} is damaged`, {
      cause,
      remedy: `remove ${dataDir} to make a new device`,
    });
  }
}

/** Attaches the device to the wire; its root server runs from `start` on and comes back by itself when it asks for it. */
export async function attachDevice(world: World, options: DeviceOptions): Promise<Device> {
  const { name, number, devicesDir, platformDir, instance, uidBase, nodePath } = options;
  const dataDir = join(devicesDir, name);
  const namespace = `uplink-${number}`;
  const configFile = join(dataDir, "root-server.json");
  const config = {
    format: 1,
    instance,
    board: "virtual",
    dataDir,
    platformDir,
    runDir: "/run/bulkhead",
    nodePath,
    uidBase,
  };
  await writeFile(configFile, JSON.stringify(config), { mode: 0o600 });
  await world.attach(namespace, `${wire.device(number)}/${wire.prefixLength}`);
  const id = `device-${number}`;
  return {
    name,
    dataDir,
    start: () =>
      world.start({
        id,
        argv: [nodePath, join(platformDir, "root-server.js"), "--config", configFile],
        namespace,
        isDevice: true,
        logFile: options.logFile,
        // What a board does: it comes up again, asked for (code 75, EX_TEMPFAIL of sysexits.h) or not.
        restart: true,
      }),
    stop: () => world.stop(id, "SIGTERM"),
    kill: () => world.stop(id, "SIGKILL"),
  };
}

/**
 * Puts a Node where every component uid can reach it (a checkout may lie in somebody's home). Returns its path; the same
 * bytes are linked or copied once.
 */
export async function installNode(nodePath: string, platformDir: string, version: string): Promise<string> {
  const target = join(platformDir, `node-${version}`);
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.new`;
  await rm(temporary, { force: true });
  // A hard link shares mode and owner with the original, so it serves only where others may execute that.
  await link(nodePath, temporary)
    .then(() => chmod(temporary, 0o755))
    .catch(async () => {
      await rm(temporary, { force: true });
      await copyFile(nodePath, temporary);
      await chmod(temporary, 0o755);
    });
  await rename(temporary, target);
  return target;
}
