import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { fetchBlob } from "./blob.ts";

test("[M11] bytes that a KMS takes back and brings again are no progress: it is given up", async () => {
  const content = randomBytes(300_000);
  const blob = { digest: createHash("sha256").update(content).digest("hex"), length: content.length };
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-blob-"));
  let requests = 0;
  // More than a stretch of the pace from the beginning, cut; asked for the rest, the beginning again, cut after one byte.
  const server = createServer((_, response) => {
    requests += 1;
    response.writeHead(200, { "content-length": content.length });
    const bytes = requests % 2 === 0 ? 1 : 10_240;
    response.write(content.subarray(0, bytes));
    // Cut once the agent has them: before, a cut may swallow what it has not read.
    const has = async () => expect((await stat(join(directory, `${blob.digest}.part`))).size).toBe(bytes);
    void vi.waitFor(has, { timeout: 20_000, interval: 1 }).finally(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const http = { authority: `127.0.0.1:${port}`, stallMs: 5000, signal: AbortSignal.timeout(30_000) };
  await expect(fetchBlob(http, directory, blob, { initialMs: 1, maxMs: 2, failures: 10 })).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
  // The first brings something, and begins the count; nine more bring nothing new.
  expect(requests).toBe(10);
});
