/** An update over a link of 64 KB/s, whole and cut again and again: it comes through, and the device answers meanwhile. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gatewayClient } from "@bulkhead/kms";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BuiltRelease } from "../../../studio/src/build/index.ts";
import { openWholeDevice, type WholeDevice } from "./whole/bench.ts";
import { cut, mend, narrow, widen } from "./whole/link.ts";

const bytesPerS = 64_000;
const ballastBytes = 2_000_000;

let device: WholeDevice;
beforeAll(async () => {
  device = await openWholeDevice("proveslow");
}, 180_000);
afterAll(() => device?.close(), 60_000);

/** Bytes to the device since the tunnel stands, its own overhead included. */
async function carried(): Promise<number> {
  const { paths, provisioning } = device.running;
  const { peers } = await gatewayClient(paths.gatewaySocket).status();
  return peers.find(({ publicKey }) => publicKey === provisioning.tunnelKey)?.tx ?? Number.NaN;
}

/** Of the artifact that a release changes, as it is fetched from its middle on. */
async function largest({ release, dir }: BuiltRelease): Promise<number> {
  const sizes = await Promise.all(release.artifacts.map(({ digest }) => stat(join(dir, "blobs", digest))));
  return Math.max(...sizes.map(({ size }) => size));
}

async function update(during: (isOver: () => boolean) => Promise<void>) {
  const built = await device.release({ ballastBytes });
  await device.answers();
  const before = await carried();
  const beganMs = performance.now();
  let isOver = false;
  const id = await device.deploy(built);
  const over = device.ended(id).finally(() => {
    isOver = true;
  });
  await Promise.all([over, during(() => isOver)]);
  const tookS = (performance.now() - beganMs) / 1000;
  expect(await over).toMatchObject({ state: "done" });
  const moved = (await carried()) - before;
  await device.runs(built);
  return { tookS, moved, artifactBytes: await largest(built) };
}

test("[M11] at 64 KB/s an update takes as long as its bytes do, and the device does what it is told meanwhile", async () => {
  await narrow(device.running, bytesPerS);
  const waits: number[] = [];
  const { tookS, moved, artifactBytes } = await update(async (isOver) => {
    while (!isOver()) {
      const waitedMs = await device.answers().catch(async (error: unknown) => {
        // The verifier is another one in each generation, and does not answer while it is exchanged.
        if (isOver() || (await device.record()).trying) return 0;
        throw error;
      });
      waits.push(waitedMs);
      await delay(1000);
    }
  });
  await widen(device.running);
  const slowestMs = Math.round(Math.max(...waits));
  process.stdout.write(
    `${artifactBytes} bytes of artifact: ${moved} in the tunnel in ${tookS.toFixed(1)} s; ${waits.length} commands meanwhile, the slowest took ${slowestMs} ms\n`,
  );
  expect(moved).toBeLessThan(1.1 * artifactBytes);
  // It was the link that took the time.
  expect(tookS).toBeGreaterThan((0.7 * moved) / bytesPerS);
  expect(tookS).toBeLessThan((2 * moved) / bytesPerS + 20);
  expect(waits.length).toBeGreaterThan(3);
  expect(slowestMs).toBeLessThan(15_000);
});

test("[M11] [M3] at 64 KB/s and cut for seconds again and again it comes through, and fetches nothing twice", async () => {
  await narrow(device.running, bytesPerS);
  let cuts = 0;
  const { tookS, moved, artifactBytes } = await update(async (isOver) => {
    await delay(6000);
    while (!isOver() && cuts < 5) {
      await cut(device.running);
      cuts += 1;
      await delay(2000 + 3000 * cuts);
      await mend(device.running);
      await delay(8000);
    }
  });
  await widen(device.running);
  process.stdout.write(
    `${artifactBytes} bytes of artifact, ${cuts} cuts: ${moved} in the tunnel in ${tookS.toFixed(1)} s\n`,
  );
  expect(cuts).toBeGreaterThanOrEqual(2);
  // What was under way at each cut, in the buffer of the link and in TCP's, is lost.
  expect(moved).toBeLessThan(1.1 * artifactBytes + cuts * 4 * bytesPerS);
  await device.answers();
});
