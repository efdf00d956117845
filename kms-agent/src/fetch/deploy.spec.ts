import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeKms, makeIdentities, startFakeKms } from "../testing/fake-kms.ts";
import { fetchBlob } from "./blob.ts";
import { type DeployPorts, deploy } from "./deploy.ts";
import type { Http } from "./http.ts";
import { fetchMetadata } from "./metadata.ts";
import { checkRoom, openStaging, type Staging } from "./staging.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const quick = { initialMs: 1, maxMs: 5, failures: 4 };
const content = randomBytes(300_000);
const blob = { digest: sha(content), length: content.length };
const release = Buffer.from('{"a":"release"}');
const command = { kind: "deploy" as const, target: "greenhouse-2.json", releaseDigest: sha(release) };
const versions = (file: string, version: number) => JSON.stringify({ signed: { meta: { [file]: { version } } } });

let kms: FakeKms;
let directory: string;
let staging: Staging;
let files: Record<string, Buffer | string>;
let requests: { path: string; range: string | undefined }[];
/** Answers in place of the usual; one for each request to a blob. */
let misbehave: ((request: IncomingMessage, response: ServerResponse) => void)[];

beforeEach(async () => {
  kms = await startFakeKms(makeIdentities());
  directory = await mkdtemp(join(tmpdir(), "bulkhead-staging-"));
  staging = await openStaging(directory);
  requests = [];
  misbehave = [];
  files = {
    "metadata/2.root.json": "root 2",
    "metadata/3.root.json": "root 3",
    "metadata/timestamp.json": versions("snapshot.json", 7),
    "metadata/7.snapshot.json": versions("targets.json", 4),
    "metadata/4.targets.json": "targets 4",
    [`targets/${sha(release)}.greenhouse-2.json`]: release,
    [`blobs/${blob.digest}`]: content,
  };
  kms.serve(serve);
});
afterEach(async () => {
  await kms.close();
  await rm(directory, { recursive: true, force: true });
});

function serve(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? "").replace("/device/v1/", "");
  requests.push({ path, range: request.headers.range });
  const next = path.startsWith("blobs/") ? misbehave.shift() : undefined;
  const body = files[path];
  if (next) next(request, response);
  else if (body === undefined) response.writeHead(404).end();
  else sendFrom(response, Buffer.from(body), request.headers.range);
}
function sendFrom(response: ServerResponse, body: Buffer, range: string | undefined): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (range) response.writeHead(206, { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` });
  response.end(body.subarray(from));
}
const cutAfter = (bytes: number) => (request: IncomingMessage, response: ServerResponse) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(request.headers.range ? 206 : 200, {
    "content-length": content.length - from,
    ...(request.headers.range && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  response.write(content.subarray(from, from + bytes));
  void partReaches(from + bytes).then(() => response.destroy());
};
// A connection that is cut at once takes bytes along that the other side has not read yet.
const partReaches = (size: number) =>
  vi.waitFor(async () => expect((await stat(join(staging.blobs, `${blob.digest}.part`))).size).toBe(size), patience);
const http = (stallMs = 5000) => ({
  authority: `127.0.0.1:${kms.port}`,
  stallMs,
  signal: new AbortController().signal,
});
const code = (wanted: string) => expect.objectContaining({ code: wanted });
const blobRanges = () => requests.filter(({ path }) => path.startsWith("blobs/")).map(({ range }) => range);

describe("[M11] fetching metadata", () => {
  test("stages the newer roots, timestamp, and the snapshot and targets that are named, and nothing of before", async () => {
    await writeFile(join(staging.metadata, "6.snapshot.json"), "old");
    await fetchMetadata(http(), staging.metadata, 1);
    expect((await readdir(staging.metadata)).sort()).toEqual([
      "2.root.json",
      "3.root.json",
      "4.targets.json",
      "7.snapshot.json",
      "timestamp.json",
    ]);
    expect(await readFile(join(staging.metadata, "3.root.json"), "utf8")).toBe("root 3");
  });

  test("[M12] a deployment with an overlay brings its list too, which a look without one in between leaves alone", async () => {
    const snapshot = (overlays: number) =>
      JSON.stringify({
        signed: { meta: { "targets.json": { version: 4 }, "overlays-field.json": { version: overlays } } },
      });
    const lists = async () => (await readdir(staging.metadata)).filter((name) => name.includes("overlays-"));
    files["metadata/7.snapshot.json"] = snapshot(2);
    files["metadata/2.overlays-field.json"] = "overlays 2";
    await fetchMetadata(http(), staging.metadata, 1, "overlays-field");
    expect(await lists()).toEqual(["2.overlays-field.json"]);
    await fetchMetadata(http(), staging.metadata, 1);
    expect(await lists()).toEqual(["2.overlays-field.json"]);
    files["metadata/7.snapshot.json"] = snapshot(3);
    files["metadata/3.overlays-field.json"] = "overlays 3";
    await fetchMetadata(http(), staging.metadata, 1, "overlays-field");
    expect(await lists()).toEqual(["3.overlays-field.json"]);
  });

  test("leaves what was staged as it is where something that is named cannot be had", async () => {
    await fetchMetadata(http(), staging.metadata, 1);
    const before = await readdir(staging.metadata);
    files["metadata/timestamp.json"] = versions("snapshot.json", 8);
    files["metadata/8.snapshot.json"] = versions("targets.json", 9);
    await expect(fetchMetadata(http(), staging.metadata, 1)).rejects.toEqual(code("FETCH_FAILED"));
    expect(await readdir(staging.metadata)).toEqual(before);
    expect(await readFile(join(staging.metadata, "timestamp.json"), "utf8")).toBe(versions("snapshot.json", 7));
  });

  test("refuses a timestamp that names no version, files that do not exist, and endless ones", async () => {
    files["metadata/timestamp.json"] = '{"signed":{"meta":{"snapshot.json":{"version":"../../etc"}}}}';
    await expect(fetchMetadata(http(), staging.metadata, 1)).rejects.toEqual(code("RELEASE_METADATA_INVALID"));
    files["metadata/timestamp.json"] = versions("snapshot.json", 8);
    await expect(fetchMetadata(http(), staging.metadata, 1)).rejects.toEqual(code("FETCH_FAILED"));
    files["metadata/timestamp.json"] = "x".repeat(20_000);
    await expect(fetchMetadata(http(), staging.metadata, 1)).rejects.toEqual(code("FETCH_TOO_LARGE"));
  });
});

describe("[M11] fetching an artifact", () => {
  const fetch = () => fetchBlob(http(), staging.blobs, blob, quick);
  const staged = () => readFile(join(staging.blobs, blob.digest));

  test("goes on where a connection was cut, and ends with exactly the artifact", async () => {
    misbehave = [cutAfter(100_000), cutAfter(50_000)];
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
    expect(await readdir(staging.blobs)).toEqual([blob.digest]);
    expect(blobRanges()).toEqual([undefined, "bytes=100000-", "bytes=150000-"]);
  });

  const compressed = (bytes: Buffer) => (request: IncomingMessage, response: ServerResponse) => {
    expect(request.headers["accept-encoding"]).toBe("br");
    response.writeHead(200, { "content-encoding": "br" }).end(bytes);
  };

  test("takes it compressed, whole or cut off; what is left then comes as it is", async () => {
    const text = Buffer.from("a component's bundle says the same again and again\n".repeat(10_000));
    const bundle = { digest: sha(text), length: text.length };
    files[`blobs/${bundle.digest}`] = text;
    const whole = brotliCompressSync(text);
    misbehave = [compressed(whole)];
    await fetchBlob(http(), staging.blobs, bundle, quick);
    expect((await readFile(join(staging.blobs, bundle.digest))).equals(text)).toBe(true);
    await rm(join(staging.blobs, bundle.digest));
    misbehave = [compressed(whole.subarray(0, whole.length - 10))];
    await fetchBlob(http(), staging.blobs, bundle, quick);
    expect((await readFile(join(staging.blobs, bundle.digest))).equals(text)).toBe(true);
  });

  test("refuses compressed bytes that come to more than was signed, that never say anything, and that are none", async () => {
    const bomb = brotliCompressSync(Buffer.alloc(100_000_000));
    expect(bomb.length).toBeLessThan(1000);
    misbehave = [compressed(bomb)];
    await expect(fetch()).rejects.toEqual(code("FETCH_TOO_LARGE"));
    await rm(join(staging.blobs, `${blob.digest}.part`));
    // RFC 7932, section 9.2: after the window's size empty meta-blocks, a byte each, and never the last.
    misbehave = [compressed(Buffer.concat([Buffer.from([0x0c]), Buffer.alloc(400_000, 0x06)]))];
    await expect(fetch()).rejects.toEqual(code("FETCH_TOO_LARGE"));
    misbehave = Array.from({ length: 4 }, () => compressed(Buffer.from("no brotli at all")));
    await expect(fetch()).rejects.toEqual(code("FETCH_FAILED"));
  });

  test("goes on where an answer stood still in its middle", { timeout: 20_000 }, async () => {
    misbehave = [
      (_, response) => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 100_000));
      },
    ];
    await fetchBlob(http(500), staging.blobs, blob, quick);
    expect((await staged()).equals(content)).toBe(true);
    expect(blobRanges()).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  });

  test("goes on where an answer that did not say how long it is ends too soon", async () => {
    misbehave = [(_, response) => void response.writeHead(200).end(content.subarray(0, 100_000))];
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
    expect(blobRanges()).toEqual([undefined, "bytes=100000-"]);
  });

  test("does not give up while every try brings something, however often it is cut", async () => {
    misbehave = Array.from({ length: quick.failures + 2 }, () => cutAfter(10_000));
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
  });

  const dripping = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-length": content.length });
    const drip = setInterval(() => response.write("x"), 10);
    response.on("close", () => clearInterval(drip));
  };
  const hurried = (bytes: number): Http => ({ ...http(), pace: { bytes, withinMs: 150 } });

  test("gives up a KMS that drips, so that it is never silent, and always brings something", async () => {
    misbehave = Array.from({ length: quick.failures }, () => dripping);
    await expect(fetchBlob(hurried(1000), staging.blobs, blob, quick)).rejects.toThrow(/only \d+ bytes came in 150 ms/);
    expect(misbehave).toEqual([]);
  });

  test("gives up a KMS that cuts each answer after a few bytes, and one that drips its answer's head", async () => {
    misbehave = Array.from({ length: quick.failures }, () => cutAfter(5));
    await expect(fetch()).rejects.toEqual(code("FETCH_FAILED"));
    expect(misbehave).toEqual([]);
    misbehave = Array.from({ length: quick.failures }, () => ({ socket }: IncomingMessage) => {
      socket.write("HTTP/1.1 200 OK\r\nX-Drip: ");
      const drip = setInterval(() => socket.write("x"), 10);
      socket.on("close", () => clearInterval(drip));
    });
    await expect(fetchBlob(hurried(1000), staging.blobs, blob, quick)).rejects.toThrow(/only \d+ bytes came in 150 ms/);
    expect(misbehave).toEqual([]);
  });

  test("goes on as long as a slow link brings enough, over many stretches of its pace", async () => {
    misbehave = [
      (_, response) => {
        response.writeHead(200, { "content-length": content.length });
        let at = 0;
        const more = setInterval(() => {
          response.write(content.subarray(at, at + 10_000));
          at += 10_000;
          if (at >= content.length) {
            clearInterval(more);
            response.end();
          }
        }, 20);
      },
    ];
    await fetchBlob(hurried(1000), staging.blobs, blob, quick);
    expect((await staged()).equals(content)).toBe(true);
  });

  test("goes on from a part that an earlier start of the agent left", async () => {
    await writeFile(join(staging.blobs, `${blob.digest}.part`), content.subarray(0, 1234));
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
    expect(blobRanges()).toEqual(["bytes=1234-"]);
  });

  test("fetches a torn part anew instead of staging it", async () => {
    await writeFile(join(staging.blobs, `${blob.digest}.part`), Buffer.alloc(1000, 7));
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
    expect(blobRanges()).toEqual(["bytes=1000-", undefined]);
  });

  test("takes a part that is too long, or a server without ranges, from the beginning", async () => {
    await writeFile(join(staging.blobs, `${blob.digest}.part`), Buffer.alloc(content.length + 1));
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
    await rm(join(staging.blobs, blob.digest));
    await writeFile(join(staging.blobs, `${blob.digest}.part`), content.subarray(0, 10));
    misbehave = [(_request, response) => response.end(content)];
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
  });

  test("does not fetch what is there, unless it is damaged", async () => {
    await fetch();
    await fetch();
    expect(blobRanges()).toHaveLength(1);
    await writeFile(join(staging.blobs, blob.digest), Buffer.alloc(content.length));
    await fetch();
    expect((await staged()).equals(content)).toBe(true);
  });

  test("refuses other bytes under the digest and leaves nothing of them", async () => {
    files[`blobs/${blob.digest}`] = Buffer.from(content).fill(0, 5, 6);
    await expect(fetch()).rejects.toEqual(code("RELEASE_ARTIFACT_ALTERED"));
    expect(await readdir(staging.blobs)).toEqual([]);
  });

  test("stops at the first byte beyond the signed length", async () => {
    files[`blobs/${blob.digest}`] = Buffer.concat([content, Buffer.alloc(1_000_000)]);
    await expect(fetch()).rejects.toEqual(code("FETCH_TOO_LARGE"));
  });

  test("gives up with a coded error when the KMS answers errors, wrong ranges or nothing for too long", async () => {
    misbehave = Array.from(
      { length: 4 },
      () => (_: IncomingMessage, response: ServerResponse) => void response.writeHead(503).end(),
    );
    await expect(fetch()).rejects.toEqual(code("FETCH_FAILED"));
    await writeFile(join(staging.blobs, `${blob.digest}.part`), content.subarray(0, 10));
    misbehave = [(_, response) => void response.writeHead(206, { "content-range": "bytes 0-9/10" }).end("0123456789")];
    await expect(fetch()).rejects.toThrow(/another range/);
    misbehave = Array.from({ length: 4 }, () => () => undefined);
    await expect(fetchBlob(http(50), staging.blobs, blob, quick)).rejects.toThrow(/nothing came for 50 ms/);
  });

  test("keeps what it has when it is told to stop", async () => {
    const stop = new AbortController();
    misbehave = [
      (_, response) => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 150_000));
        void partReaches(150_000).then(() => stop.abort());
      },
    ];
    await expect(fetchBlob({ ...http(), signal: stop.signal }, staging.blobs, blob, quick)).rejects.toEqual(
      code("FETCH_FAILED"),
    );
    expect(await readdir(staging.blobs)).toEqual([`${blob.digest}.part`]);
    expect(blobRanges()).toHaveLength(1);
  });

  test("says before the first byte when there is no room", async () => {
    await expect(checkRoom(staging.blobs, Number.MAX_SAFE_INTEGER)).rejects.toEqual(code("STORAGE_FULL"));
    await expect(checkRoom(staging.blobs, 1)).resolves.toBeUndefined();
  });
});

describe("[M11] a deployment", () => {
  const good = { accepted: true, code: null, message: "good" };
  const steps: string[] = [];
  const ports = (change: Partial<DeployPorts["gate"]> = {}): DeployPorts => ({
    http: http(),
    staging,
    rootVersion: 1,
    log: () => undefined,
    gate: {
      examine: async () => ({ verdict: good, missing: [blob], roomBytes: 0 }),
      install: async () => {
        steps.push("install", ...(await readdir(staging.blobs)), ...(await readdir(staging.targets)));
        return good;
      },
      ...change,
    },
  });
  const passOn = async () => void steps.push("passed on");
  beforeEach(() => void steps.splice(0));

  test("stages everything, writes down that it goes on, and only then asks to install", async () => {
    await writeFile(join(staging.blobs, "f".repeat(64)), "of an earlier release");
    await writeFile(join(staging.targets, "old.json"), "{}");
    expect(await deploy(command, ports(), passOn)).toEqual(good);
    expect(steps).toEqual(["passed on", "install", blob.digest, `${sha(release)}.greenhouse-2.json`]);
    expect(await readdir(staging.blobs)).toEqual([]);
  });

  test("keeps what it fetched when the verifier refuses to install it", async () => {
    const refusal = { accepted: false, code: "RELEASE_INVALID", message: "no" };
    expect(await deploy(command, ports({ install: async () => refusal }), passOn)).toEqual(refusal);
    expect(await readdir(staging.blobs)).toEqual([blob.digest]);
  });

  test("fetches no artifact of a release that the verifier refuses", async () => {
    const refusal = { accepted: false, code: "RELEASE_ROLLBACK", message: "older" };
    const refusing = ports({ examine: async () => ({ verdict: refusal, missing: [blob], roomBytes: 0 }) });
    expect(await deploy(command, refusing, passOn)).toEqual(refusal);
    expect([steps, blobRanges()]).toEqual([[], []]);
  });

  test("fetches nothing where there is room for what is fetched, and not for what is installed of it", async () => {
    const roomy = ports({ examine: async () => ({ verdict: good, missing: [blob], roomBytes: 2 ** 52 }) });
    await expect(deploy(command, roomy, passOn)).rejects.toEqual(code("STORAGE_FULL"));
    expect([steps, blobRanges()]).toEqual([[], []]);
  });

  test("refuses a target that is no plain name, and a release that is larger than a device takes", async () => {
    for (const target of ["../x", "a/b", ".hidden", "", "a b"]) {
      await expect(deploy({ ...command, target }, ports(), passOn)).rejects.toEqual(code("COMMAND_INVALID"));
    }
    const giant = Array.from({ length: 3 }, (_, i) => ({ digest: String(i).repeat(64), length: 512 * 1024 * 1024 }));
    const greedy = ports({ examine: async () => ({ verdict: good, missing: giant, roomBytes: 0 }) });
    await expect(deploy(command, greedy, passOn)).rejects.toEqual(code("FETCH_TOO_LARGE"));
    expect(steps).toEqual([]);
  });
});
