/**
 * A whole device with its management service and tunnel, and releases for it that do what a proof wants: all of it the product's own, but for what is
 * in the releases.
 */
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoredCommand } from "@bulkhead/kms";
import {
  type Command,
  canonicalJson,
  type DeviceStatus,
  type Release,
  releaseTargetName,
  sha256,
} from "@bulkhead/protocol";
import { expect } from "vitest";
import type { GenerationRecord } from "../../../../runtime/src/generations/record.ts";
import { readRecord } from "../../../../runtime/src/generations/slots.ts";
import { type BuiltRelease, buildRelease } from "../../../../studio/src/build/index.ts";
import { bulkheadDirectory } from "../../../../studio/src/locations.ts";
import { eventually } from "../../../../studio/src/run/eventually.ts";
import { stateDirectory } from "../../../../studio/src/run/instance.ts";
import { launch } from "../../../../studio/src/run/launcher.ts";
import { publish } from "../../../../studio/src/run/project.ts";

/** What is another in a release. */
export type Change = {
  /** What `changing` does at its start, in TypeScript. */
  readonly behaviour?: string;
  /** So many characters of noise in it. */
  readonly ballastBytes?: number;
  /** Put into the manifest in place of the line `# update`. */
  readonly update?: string;
  readonly securityEpoch?: number;
  /** What no manifest can say. */
  readonly alter?: (release: Release) => void;
};

export type WholeDevice = Awaited<ReturnType<typeof openWholeDevice>>;

const silent = { step: <T>(_: string, work: () => Promise<T>) => work(), note: () => undefined };
const system = join(import.meta.dirname, "system");

/** Starts it under `name`; `close` it at the end. */
export async function openWholeDevice(name: string) {
  const cache = join(bulkheadDirectory, ".cache");
  await mkdir(cache, { recursive: true });
  // Inside the checkout, where components find the SDK.
  const scratch = await mkdtemp(join(cache, `${name}-`));
  await write({}, 1);
  const manifest = join(scratch, "manifest.yaml");
  const options = { name, manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" } as const;
  const running = await launch(options, silent);
  const { client, provisioning, device } = running;
  const { deviceId } = provisioning;
  let counter = 1;

  async function write({ behaviour = "", ballastBytes = 0, update = "" }: Change, edition: number) {
    await cp(system, scratch, { recursive: true });
    await edit("manifest.yaml", "# update", update);
    await edit("manifest.yaml", "version: 1.0.0", `version: 1.${edition}.0`);
    // Six bits in each character: brotli makes it a quarter shorter.
    const ballast = randomBytes(Math.ceil(ballastBytes * 0.75)).toString("base64");
    const lines = [
      `Object.assign(globalThis, { ballast: "${ballast}" });`,
      `console.log("edition ${edition}");`,
      behaviour,
    ];
    await edit("changing/main.ts", "// behaviour", lines.join("\n"));
  }

  async function edit(file: string, from: string, to: string): Promise<void> {
    const text = await readFile(join(scratch, file), "utf8");
    expect(text).toContain(from);
    await writeFile(join(scratch, file), text.replace(from, to));
  }

  /** Builds, signs and uploads the next one. */
  async function release(change: Change = {}): Promise<BuiltRelease> {
    counter += 1;
    await write(change, counter);
    const { securityEpoch = 0 } = change;
    const outDir = join(scratch, "out", String(counter));
    const built = await buildRelease({ manifest, outDir, releaseCounter: counter, securityEpoch });
    const altered = change.alter ? await rewrite(built, change.alter) : built;
    await publish(client, running.project, altered);
    return altered;
  }

  /** Gives the command to deploy it; answers the command's id. */
  async function deploy(built: BuiltRelease, timeoutMs = 300_000): Promise<string> {
    const { id } = await client.command(deviceId, { command: deployOf(built), timeoutMs });
    return id;
  }

  /** Waits for what became of a command. */
  const ended = (id: string, timeoutMs = 300_000): Promise<StoredCommand> =>
    eventually("the command to be over", timeoutMs, async () => {
      const found = (await client.commands(deviceId).catch(() => [])).find((one) => one.id === id);
      return found && !["pending", "delivered"].includes(found.state) ? found : undefined;
    });

  /** Waits until the state that the device tells the service fits. */
  const when = (what: string, fits: (status: DeviceStatus) => boolean): Promise<DeviceStatus> =>
    eventually(what, 120_000, async () => {
      const { status } = await client.status(deviceId).catch(() => ({ status: null }));
      return status && fits(status) ? status : undefined;
    });

  const runs = (built: Pick<BuiltRelease, "releaseDigest">): Promise<DeviceStatus> =>
    when(
      `${built.releaseDigest} to run, committed`,
      ({ release, update, components }) =>
        release.digest === built.releaseDigest &&
        update.state !== "trying" &&
        components.every(({ state }) => state === "ready"),
    );

  const rolledBack = (built: BuiltRelease): Promise<DeviceStatus> =>
    when(
      `${built.releaseDigest} to be rolled back`,
      ({ update, components }) =>
        update.state === "rolled-back" &&
        update.releaseDigest === built.releaseDigest &&
        components.every(({ state }) => state === "ready"),
    );

  /** That it can be reached: it is connected, and does what it is told. Answers how long that took. */
  async function answers(timeoutMs = 60_000): Promise<number> {
    await eventually(
      "the device to be connected",
      timeoutMs,
      async () => (await client.device(deviceId).catch(() => undefined))?.connected || undefined,
    );
    const beganMs = performance.now();
    const { id } = await client.command(deviceId, { command: { kind: "report" }, timeoutMs });
    const { state, code, message } = await ended(id, timeoutMs);
    expect([state, code, message]).toEqual(["done", null, expect.anything()]);
    return performance.now() - beganMs;
  }

  async function record(): Promise<GenerationRecord> {
    const found = await readRecord(device.dataDir);
    if (!found) throw new Error("the device has no record");
    return found;
  }

  /** Waits until a part of an artifact is there. */
  const fetching = () =>
    eventually("an artifact to come", 60_000, async () => {
      const names = await readdir(join(device.dataDir, "staging", "blobs"));
      return names.some((name) => name.endsWith(".part")) || undefined;
    });

  const log = () => readFile(join(running.paths.logDir, "greenhouse-1.log"), "utf8");
  /** What the device's log says after `from` characters of it. */
  const said = (pattern: RegExp, from = 0) =>
    eventually(`the device's log to say ${pattern}`, 60_000, async () => pattern.exec((await log()).slice(from))?.[0]);

  /** Deploys it and waits until it is on trial. `from`: where the log was before. */
  async function toTrial(built: BuiltRelease): Promise<{ id: string; from: number }> {
    const from = (await log()).length;
    const id = await deploy(built);
    await said(/is on trial/, from);
    return { id, from };
  }

  return {
    ...{ running, deviceId, release, deploy, toTrial, ended, runs, fetching, rolledBack, answers, record, log, said },
    async close() {
      await running.stop();
      await rm(stateDirectory(name, bulkheadDirectory), { recursive: true, force: true });
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

export const deployOf = ({ release, releaseDigest }: BuiltRelease): Command => ({
  kind: "deploy",
  target: releaseTargetName(release),
  releaseDigest,
});

async function rewrite(built: BuiltRelease, alter: (release: Release) => void): Promise<BuiltRelease> {
  const release = structuredClone(built.release);
  alter(release);
  const text = canonicalJson(release);
  await writeFile(join(built.dir, "release.json"), text);
  return { ...built, release, releaseDigest: sha256(text) };
}
