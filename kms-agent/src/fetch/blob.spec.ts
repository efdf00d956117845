import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fetchBlob } from "./blob.ts";

test("[M11] bytes that a KMS takes back and brings again are no progress: it is given up", async () => {
  const content = randomBytes(300_000);
  const blob = { digest: createHash("sha256").update(content).digest("hex"), length: content.length };
  let requests = 0;
  // More than a stretch of the pace from the beginning, cut; asked for the rest, the beginning again, cut after one byte.
  const server = createServer((_, response) => {
    requests += 1;
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, requests % 2 === 0 ? 1 : 10_240), () => setImmediate(() => response.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-blob-"));
  onTestFinished(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const http = { authority: `127.0.0.1:${port}`, stallMs: 5000, signal: AbortSignal.timeout(30_000) };
  await expect(fetchBlob(http, directory, blob, { initialMs: 1, maxMs: 2, failures: 10 })).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
  // The first that brings something begins the count anew.
  expect(requests).toBeLessThanOrEqual(20);
});
