/** Who brings a file to an agent that fetches for a service: the agent as a whole, a service that sends no end, and a socket on the board. */
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { sha256 } from "@bulkhead/protocol";
import { expect, test, vi } from "vitest";
import { accepted, makeFakeDevice } from "../testing/fake-device.ts";
import { makeIdentities, startFakeKms } from "../testing/fake-kms.ts";

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const artifact = "an artifact";
const release = "{}";
const versionOf = (file: string) => JSON.stringify({ signed: { meta: { [file]: { version: 1 } } } });
const files: Record<string, string> = {
  "metadata/timestamp.json": versionOf("snapshot.json"),
  "metadata/1.snapshot.json": versionOf("targets.json"),
  "metadata/1.targets.json": "{}",
  [`targets/${sha256(release)}.greenhouse-2.json`]: release,
};

test("[M11] a service that keeps a fetch going keeps nobody on the board waiting: that gives way, and is begun again", async () => {
  const keys = makeIdentities();
  const [kms, fake] = [await startFakeKms(keys), await makeFakeDevice(keys)];
  kms.serve((request, response) => {
    const path = (request.url ?? "").replace("/device/v1/", "");
    if (files[path] !== undefined) response.end(files[path]);
    else if (!path.startsWith("blobs/")) response.writeHead(404).end();
    // The rest never comes.
    else response.writeHead(200, { "content-length": artifact.length }).write(artifact.slice(0, 5));
  });
  const missing = [{ digest: sha256(artifact), length: artifact.length }];
  fake.device.examine = async () => ({ verdict: accepted, missing, roomBytes: 0 });
  let receive: (path: string) => void = () => undefined;
  const onVisitor = (come: (path: string) => void) => {
    receive = come;
  };
  const stop = await fake.start(kms.port, { onVisitor });
  const server = createServer((socket) => {
    socket.resume().on("error", () => undefined);
    socket.end();
  });
  try {
    await eventually(() => expect(kms.isOpen()).toBe(true));
    const command = { kind: "deploy", target: "greenhouse-2.json", releaseDigest: sha256(release) } as const;
    const envelope = { id: crypto.randomUUID(), deviceId: fake.deviceId, deadlineMs: Date.now() + 60_000, command };
    kms.send({ type: "command", envelope });
    const part = join(fake.directory, "blobs", `${sha256(artifact)}.part`);
    await eventually(async () => expect((await stat(part)).size).toBe(5));
    const path = join(fake.directory, "visitor");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    // Far sooner than the fetch would be given up for its silence.
    const came = once(server, "connection", { signal: AbortSignal.timeout(10_000) });
    receive(path);
    await came;
    await eventually(() => expect(fake.calls.map(({ operation }) => operation)).toEqual(["examine", "examine"]));
    expect(kms.received.filter(({ type }) => type === "command-result")).toEqual([]);
  } finally {
    await stop();
    server.close();
    await kms.close();
    await fake.remove();
  }
});
