/** A base system by the agent's own fetching from a management service as it is, of which the slot that runs has most: what moves is what is new. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Provisioning, partAddress, sha256 } from "@bulkhead/protocol";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { relayFrom } from "../../kms/src/fixtures/device.ts";
import { createWorld, type World } from "../../kms/src/fixtures/world.ts";
import { fetchBlob } from "../../kms-agent/src/fetch/blob.ts";
import { planDeltas } from "../../kms-agent/src/fetch/delta/plan.ts";
import { fetchRetry } from "../../kms-agent/src/fetch/retry.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.remove());

const blocks = (name: string, count: number) =>
  Buffer.concat(Array.from({ length: count }, (_, at) => Buffer.alloc(4096, sha256(`${name} ${at}`))));

/** As the gateway does it for this device; counts what goes to it. */
async function openTunnel({ addressPrefix }: Provisioning) {
  let bytes = 0;
  const server = createServer((connection) => {
    const relayed = relayFrom(world.deviceSocket, partAddress(addressPrefix, 2));
    relayed.on("data", (chunk) => {
      bytes += chunk.length;
    });
    for (const socket of [connection, relayed]) socket.on("error", () => undefined);
    connection.pipe(relayed).pipe(connection);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { authority: `127.0.0.1:${(server.address() as AddressInfo).port}`, bytes: () => bytes };
}

test("[M11] of a base system that differs in a block in a hundred, a device fetches those blocks and an index", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-delta-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const old = blocks("old", 500);
  const next = Buffer.concat([
    blocks("new", 2),
    old.subarray(0, 300 * 4096),
    blocks("newer", 3),
    old.subarray(310 * 4096),
  ]);
  const blob = { digest: sha256(next), length: next.length };
  await world.kms.call("PUT", `/blobs/${blob.digest}`, next);
  await writeFile(join(directory, "root"), old);
  const { provisioning } = await world.enrol("cabinet");
  const tunnel = await openTunnel(provisioning);
  const http = { authority: tunnel.authority, stallMs: 20_000, signal: new AbortController().signal };
  const ports = { http, log: () => undefined, old: [join(directory, "root")] };
  const deltas = await planDeltas(ports, directory, [blob]);
  await fetchBlob(http, directory, blob, fetchRetry, deltas.get(blob.digest));
  expect((await readFile(join(directory, blob.digest))).equals(next)).toBe(true);
  // Five blocks, six bytes for each of 495, and the heads of three answers.
  expect(tunnel.bytes()).toBeGreaterThan(5 * 4096 + 495 * 6);
  expect(tunnel.bytes()).toBeLessThan(5 * 4096 + 495 * 6 + 3 * 1024);
});
