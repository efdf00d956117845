/** What is put together stays what it is worth, whatever the service answers to a range; and a deployment does put together. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { indexedBlockBytes as blockBytes, blockDigest, blockDigestBytes } from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fetchBlob } from "../blob.ts";
import { deploy } from "../deploy.ts";
import { openStaging, type Staging } from "../staging.ts";
import { planDeltas } from "./plan.ts";

const quick = { initialMs: 1, maxMs: 2, failures: 4 };
const blocks = 300;
/** The one block that the slot has not. */
const isNew = 100;
const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const old = randomBytes(blocks * blockBytes);
const content = Buffer.concat([
  old.subarray(0, isNew * blockBytes),
  randomBytes(blockBytes),
  old.subarray((isNew + 1) * blockBytes),
]);
const blob = { digest: sha(content), length: content.length };
const index = Buffer.alloc(blocks * blockDigestBytes);
for (let at = 0; at < blocks; at += 1) {
  const block = content.subarray(at * blockBytes, (at + 1) * blockBytes);
  index.writeUIntBE(blockDigest(block), at * blockDigestBytes, blockDigestBytes);
}
const release = Buffer.from('{"a":"release"}');
const versions = (file: string, version: number) => JSON.stringify({ signed: { meta: { [file]: { version } } } });
const files: Readonly<Record<string, Buffer | string>> = {
  "metadata/timestamp.json": versions("snapshot.json", 7),
  "metadata/7.snapshot.json": versions("targets.json", 4),
  "metadata/4.targets.json": "targets 4",
  [`targets/${sha(release)}.greenhouse-2.json`]: release,
  [`blobs/${blob.digest}/index`]: index,
};

type Answer = (request: IncomingMessage, response: ServerResponse, from: number) => void;
let server: Server;
let directory: string;
let staging: Staging;
let slot: string;
let ranges: (string | undefined)[];
/** To each range; as it should, unless a test says otherwise. */
let answer: Answer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-compose-"));
  staging = await openStaging(join(directory, "staging"));
  slot = join(directory, "slot");
  await writeFile(slot, old);
  ranges = [];
  answer = (_, response, from) => give(response, from, content.subarray(from, from + blockBytes));
  server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/device/v1/", "");
    if (path !== `blobs/${blob.digest}`) {
      const body = files[path];
      return void (body === undefined ? response.writeHead(404).end() : response.end(body));
    }
    const { range } = request.headers;
    ranges.push(range);
    if (range === undefined) return void response.writeHead(404).end();
    answer(request, response, Number(/\d+/.exec(range)?.[0]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

const give = (response: ServerResponse, from: number, bytes: Buffer) =>
  response.writeHead(206, { "content-range": `bytes ${from}-` }).end(bytes);
const theRange = `bytes=${isNew * blockBytes}-${(isNew + 1) * blockBytes - 1}`;
const composed = () => join(staging.blobs, `${blob.digest}.composed`);
const http = (signal = new AbortController().signal) => ({
  authority: `127.0.0.1:${(server.address() as AddressInfo).port}`,
  stallMs: 5000,
  signal,
});

async function bring(signal?: AbortSignal): Promise<void> {
  const ports = { http: http(signal), log: () => undefined, old: [slot] };
  const deltas = await planDeltas(ports, staging.blobs, [blob], quick);
  await fetchBlob(http(signal), staging.blobs, blob, quick, deltas.get(blob.digest));
}
async function expectWhole(): Promise<void> {
  expect(await readdir(staging.blobs)).toEqual([blob.digest]);
  expect((await readFile(join(staging.blobs, blob.digest))).equals(content)).toBe(true);
}

describe("[M11] what is put together of the slot that runs", () => {
  test("stays where every range is refused, which is asked for a few times and not for ever", async () => {
    answer = (_, response) => response.writeHead(503).end();
    await expect(bring()).rejects.toMatchObject({ code: "FETCH_FAILED" });
    expect((await stat(composed())).size).toBe(isNew * blockBytes);
    expect(ranges).toEqual(Array(quick.failures).fill(theRange));
  });

  test("stays where it is called off in the middle of a range", async () => {
    const stop = new AbortController();
    answer = (_, response, from) => {
      response.writeHead(206, { "content-range": `bytes ${from}-` });
      response.write(content.subarray(from, from + 10), () => stop.abort());
    };
    await expect(bring(stop.signal)).rejects.toMatchObject({ code: "FETCH_FAILED" });
    expect((await stat(composed())).size).toBeGreaterThanOrEqual(isNew * blockBytes);
    expect(ranges).toEqual([theRange]);
  });

  test("takes no more of an answer without an end than was asked for", async () => {
    let sent = 0;
    answer = (_, response, from) => {
      response.writeHead(206, { "content-range": `bytes ${from}-` });
      const more = () => {
        if (response.destroyed) return;
        sent += blockBytes;
        if (sent < 64 * 1024 * 1024) response.write(Buffer.alloc(blockBytes), more);
        else response.end();
      };
      more();
    };
    // What comes of it is not the blob; whole this service has it not.
    await expect(bring()).rejects.toMatchObject({ code: "FETCH_FAILED" });
    // What lies in the buffers of both sides was sent and never taken.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect(ranges).toEqual([theRange, undefined]);
  });

  test("goes on where an answer has less than was asked for", async () => {
    const [good, short] = [answer, 1000];
    answer = (request, response, from) => {
      answer = good;
      if (ranges.length === 1) give(response, from, content.subarray(from, from + short));
      else good(request, response, from);
    };
    await bring();
    await expectWhole();
    expect(ranges).toEqual([theRange, theRange]);
  });

  test("goes on after a cut that tore a block in its middle, from that block", async () => {
    await writeFile(composed(), content.subarray(0, 250 * blockBytes));
    const file = await open(composed(), "r+");
    await file.write(randomBytes(100), 0, 100, 120 * blockBytes + 7);
    await file.close();
    await bring();
    await expectWhole();
    // Block 100 is there, and 120 is in the slot.
    expect(ranges).toEqual([]);
  });

  test("goes on over deployments: nothing of it is cleared away by the next, which puts together by itself", async () => {
    const good = { accepted: true, code: null, message: "good" };
    let staged: string[] = [];
    const gate = {
      examine: async () => ({ verdict: good, missing: [blob], roomBytes: 0 }),
      install: async () => {
        staged = await readdir(staging.blobs);
        expect((await readFile(join(staging.blobs, blob.digest))).equals(content)).toBe(true);
        return good;
      },
    };
    await writeFile(composed(), content.subarray(0, (isNew + 1) * blockBytes));
    const command = { kind: "deploy" as const, target: "greenhouse-2.json", releaseDigest: sha(release) };
    const ports = { http: http(), gate, staging, rootVersion: 1, log: () => undefined, old: [slot] };
    expect(await deploy(command, ports, async () => undefined)).toEqual(good);
    expect(staged).toEqual([blob.digest]);
    expect(ranges).toEqual([]);
    expect(await deploy(command, ports, async () => undefined)).toEqual(good);
    expect(ranges).toEqual([theRange]);
  });
});
