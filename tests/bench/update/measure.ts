/** One update of a running system, as the wire, the device's log and a client on the device see it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { gatewayClient } from "@bulkhead/kms";
import { releaseTargetName } from "@bulkhead/protocol";
import type { BuiltRelease } from "../../../studio/src/build/index.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { Running } from "../../../studio/src/run/launcher.ts";
import { publish } from "../../../studio/src/run/project.ts";

export type Update = {
  /** Bytes in the tunnel, its own overhead included, from the command until the release was committed. */
  readonly toDevice: number;
  readonly fromDevice: number;
  /** From the command until the device's log says so. */
  readonly untilTrialMs: number;
  readonly untilCommitMs: number;
  /** The longest time without an answer around the update, and the calls that failed then. */
  readonly steady: Seen;
  readonly changing: Seen;
};
type Seen = { readonly longestMs: number; readonly failed: number };
type Said = Seen & { readonly name: string; readonly atMs: number };

/** How large an artifact is when brotli has made it as small as it does at all. */
export async function compressedBytes(built: BuiltRelease, digests: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    digests.map(async (digest) => {
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      return brotliCompressSync(await readFile(join(built.dir, "blobs", digest)), { params }).length;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What the tunnel carries in as many milliseconds while nothing is updated, and what the client sees then. */
export async function measureIdle(running: Running, ms: number) {
  const before = await carried(running);
  const beganMs = Date.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const moved = since(before, await carried(running));
  return { ...moved, steady: await seen(running, "steady", beganMs + 1000, beganMs + ms - 2500) };
}

export async function measureUpdate(running: Running, deviceLog: string, built: BuiltRelease): Promise<Update> {
  const { client, provisioning } = running;
  await publish(client, running.project, built);
  const before = await carried(running);
  const beganMs = Date.now();
  const body = {
    kind: "deploy",
    target: releaseTargetName(built.release),
    releaseDigest: built.releaseDigest,
  } as const;
  await client.command(provisioning.deviceId, { command: body });
  const committedMs = await eventually("the release to be committed", 120_000, async () => {
    const { status } = await client.status(provisioning.deviceId);
    if (status?.release.digest !== built.releaseDigest || status.update.state !== "committed") return undefined;
    return timeOf(await readFile(deviceLog, "utf8"), new RegExp(`generation ${status.generation} is committed`));
  });
  const moved = since(before, await carried(running));
  const trialMs = timeOf(await readFile(deviceLog, "utf8"), /is on trial/) ?? Number.NaN;
  return {
    ...moved,
    untilTrialMs: trialMs - beganMs,
    untilCommitMs: committedMs - beganMs,
    steady: await seen(running, "steady", beganMs, committedMs),
    changing: await seen(running, "changing", beganMs, committedMs),
  };
}

/** The time of the last line that fits. */
function timeOf(log: string, pattern: RegExp): number | undefined {
  const line = log.split("\n").findLast((text) => pattern.test(text));
  return line === undefined ? undefined : Date.parse(line.split(" ")[0] ?? "");
}

async function carried({ paths, provisioning }: Running): Promise<{ toDevice: number; fromDevice: number }> {
  const { peers } = await gatewayClient(paths.gatewaySocket).status();
  const peer = peers.find(({ publicKey }) => publicKey === provisioning.tunnelKey);
  return { toDevice: peer?.tx ?? Number.NaN, fromDevice: peer?.rx ?? Number.NaN };
}

function since(before: Awaited<ReturnType<typeof carried>>, after: Awaited<ReturnType<typeof carried>>) {
  return { toDevice: after.toDevice - before.toDevice, fromDevice: after.fromDevice - before.fromDevice };
}

/** What the watcher said of the seconds from a moment before to a moment after. */
async function seen(running: Running, name: string, fromMs: number, toMs: number): Promise<Seen> {
  const said = await eventually("what the watcher says of the time after", 60_000, async () => {
    const { lines } = await running.client.logs(running.provisioning.deviceId, { limit: 5000, component: "watcher" });
    const found = lines.flatMap(({ text }): Said[] => (text.startsWith("{") ? [JSON.parse(text)] : []));
    const own = found.filter((one) => one.name === name);
    return own.some(({ atMs }) => atMs > toMs + 1500) ? own : undefined;
  });
  const around = said.filter(({ atMs }) => atMs > fromMs && atMs < toMs + 2500);
  return {
    longestMs: Math.max(...around.map(({ longestMs }) => longestMs)),
    failed: around.reduce((sum, { failed }) => sum + failed, 0),
  };
}
