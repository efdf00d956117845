/** Blobs that are put together of what the device has: whatever the old is and whatever the service says of the new, what comes out is the blob. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blockDigest, blockDigestBytes, indexedBlockBytes } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { fetchBlob } from "../blob.ts";
import type { Http } from "../http.ts";
import { planDeltas } from "./plan.ts";

const blockBytes = indexedBlockBytes;
const quick = { initialMs: 1, maxMs: 2, failures: 4 };
/** Smaller ones are not worth a look. */
const leastBlocks = 256;

/** Blocks by number; the same number, the same bytes. */
const kinds = Array.from({ length: 600 }, (_, kind) =>
  createHash("shake256", { outputLength: blockBytes }).update(`${kind}`).digest(),
);
const bytesOf = (blocks: readonly number[]) =>
  Buffer.concat(blocks.map((kind) => kinds[kind] ?? Buffer.alloc(blockBytes)));
const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, at) => first + at);

let server: Server;
let directory: string;
let blobs: string;
let content: Buffer;
/** What the service says of `content`; undefined: it knows no such question. */
let index: Buffer | undefined;
let requests: { path: string; range: string | undefined }[];
let servedBytes: number;
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
/** Answers in place of the usual, one for each request to the blob, and to its index. */
let misbehave: Answer[];
let misbehaveIndex: Answer[];
let logged: unknown[];

const digest = () => createHash("sha256").update(content).digest("hex");
const blob = () => ({ digest: digest(), length: content.length });
const honest = (bytes: Buffer) => {
  const made = Buffer.alloc((bytes.length / blockBytes) * blockDigestBytes);
  for (let at = 0; at < bytes.length / blockBytes; at += 1) {
    const block = bytes.subarray(at * blockBytes, (at + 1) * blockBytes);
    made.writeUIntBE(blockDigest(block), at * blockDigestBytes, blockDigestBytes);
  }
  return made;
};

function serve(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "";
  requests.push({ path, range: request.headers.range });
  const isIndex = path.endsWith("/index");
  const next = (isIndex ? misbehaveIndex : misbehave).shift();
  if (next) {
    next(request, response);
    return;
  }
  if (isIndex && index) return void response.end(index);
  if (isIndex) return void response.writeHead(404).end();
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const body = content.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
  servedBytes += body.length;
  if (request.headers.range) {
    response.writeHead(206, { "content-range": `bytes ${from}-${Number(from) + body.length - 1}/${content.length}` });
  }
  response.end(body);
}

beforeAll(async () => {
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  directory = await mkdtemp(join(tmpdir(), "bulkhead-delta-"));
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});
beforeEach(begin);

async function begin(): Promise<void> {
  blobs = await mkdtemp(join(directory, "blobs-"));
  [requests, misbehave, misbehaveIndex, logged, servedBytes] = [[], [], [], [], 0];
}

const http = (signal = new AbortController().signal): Http => ({
  authority: `127.0.0.1:${(server.address() as AddressInfo).port}`,
  stallMs: 5000,
  signal,
});

/** The slot: of two parts, the second behind the first. */
async function slot(...parts: Buffer[]): Promise<string[]> {
  const paths = parts.map((_, at) => join(blobs, `../slot-${at}`));
  for (const [at, part] of parts.entries()) await writeFile(paths[at] ?? "", part);
  return paths;
}

async function bring(old: readonly string[], signal?: AbortSignal, limits = quick): Promise<void> {
  const log = (_: string, fields: unknown) => void logged.push(fields);
  const deltas = await planDeltas({ http: http(signal), log, old }, blobs, [blob()], limits);
  await fetchBlob(http(signal), blobs, blob(), limits, deltas.get(digest()));
}

async function expectWhole(): Promise<void> {
  expect(await readdir(blobs)).toEqual([digest()]);
  expect((await readFile(join(blobs, digest()))).equals(content)).toBe(true);
}
const ranges = () => requests.filter(({ path }) => !path.endsWith("/index")).map(({ range }) => range);
const rangeOf = (first: number, end: number) => `bytes=${first * blockBytes}-${end * blockBytes - 1}`;
const code = (wanted: string) => expect.objectContaining({ code: wanted });
const refused: Answer = (_, response) => void response.writeHead(503).end();
const composed = () => join(blobs, `${digest()}.composed`);
const sizeOf = async (file: string) => (await stat(file).catch(() => undefined))?.size;

describe("[M11] an artifact of which the slot that runs has most", () => {
  const old = bytesOf(upTo(300));
  /** Blocks 100 to 102 and 290 are new, all others lie elsewhere. */
  const changed = () => bytesOf([...upTo(100, 50), 501, 502, 503, ...upTo(187, 100), 504, ...upTo(9)]);

  beforeEach(() => {
    content = changed();
    index = honest(content);
  });

  test("is put together: what is new is fetched by ranges, and nothing else", async () => {
    await bring(await slot(old.subarray(0, 40 * blockBytes), old.subarray(40 * blockBytes)));
    await expectWhole();
    expect(ranges()).toEqual([rangeOf(100, 103), rangeOf(290, 291)]);
    expect(servedBytes).toBe(4 * blockBytes);
    expect(logged).toEqual([{ digest: digest(), bytes: content.length, toFetch: 4 * blockBytes }]);
  });

  test("is put together with blocks of zeroes too, of which the slot has many", async () => {
    content = Buffer.concat([content, Buffer.alloc(70 * blockBytes)]);
    index = honest(content);
    await bring(await slot(Buffer.concat([old, Buffer.alloc(500 * blockBytes)])));
    await expectWhole();
    expect(servedBytes).toBe(4 * blockBytes);
  });

  test("goes on where a connection was cut, in the middle of a block too", async () => {
    misbehave = [
      (_, response) => {
        response.writeHead(206, { "content-range": `bytes ${100 * blockBytes}-` });
        response.write(content.subarray(100 * blockBytes, 102 * blockBytes + 77), () =>
          setImmediate(() => response.destroy()),
        );
      },
    ];
    await bring(await slot(old));
    await expectWhole();
    expect(ranges().at(-1)).toBe(rangeOf(290, 291));
    expect(ranges()).toHaveLength(3);
  });

  test("goes on after a start, from the first block that is not what it was to be", async () => {
    const paths = await slot(old);
    await writeFile(composed(), content);
    await truncate(composed(), 250 * blockBytes + 5);
    await bring(paths);
    await expectWhole();
    expect(ranges()).toEqual([rangeOf(290, 291)]);
  });

  test("keeps what was put together of it where it is called off while the slot is looked through, or its index asked for", async () => {
    const paths = await slot(old);
    const begun = content.subarray(0, 250 * blockBytes);
    await writeFile(composed(), begun);
    // Opened for reading it stands still until somebody writes, so that is when it is looked through.
    const slow = join(blobs, "../slot-slow");
    execFileSync("mkfifo", [slow]);
    const [looking, asking] = [new AbortController(), new AbortController()];
    const calledOff = expect(bring([...paths, slow], looking.signal)).rejects.toEqual(code("FETCH_FAILED"));
    const writer = await open(slow, "w");
    looking.abort();
    await writer.close();
    await calledOff;
    misbehaveIndex = [() => asking.abort()];
    await expect(bring(paths, asking.signal)).rejects.toEqual(code("FETCH_FAILED"));
    expect([await readdir(blobs), logged, ranges()]).toEqual([[`${digest()}.composed`], [], []]);
    expect((await readFile(composed())).equals(begun)).toBe(true);
    await bring(paths);
    await expectWhole();
    expect(ranges()).toEqual([rangeOf(290, 291)]);
  });

  test("keeps what was put together of it until the first byte of the whole is here, and then takes its room", async () => {
    const paths = await slot(old);
    await writeFile(composed(), content.subarray(0, 250 * blockBytes));
    index = undefined;
    const headAlone: Answer = (_, response) => {
      response.writeHead(200, { "content-length": content.length }).flushHeaders();
      setImmediate(() => response.destroy());
    };
    const nothing: Answer = (_, response) => void response.end();
    misbehave = [refused, headAlone, nothing, headAlone];
    await expect(bring(paths)).rejects.toEqual(code("FETCH_FAILED"));
    expect(await readdir(blobs)).toEqual([`${digest()}.composed`]);
    let besideBegun: number | undefined = -1;
    misbehave = [
      (_, response) => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 50_000));
        const has = async () => expect(await sizeOf(join(blobs, `${digest()}.part`))).toBe(50_000);
        void vi
          .waitFor(has, { timeout: 20_000, interval: 1 })
          .then(async () => (besideBegun = await sizeOf(composed())))
          .finally(() => response.destroy());
      },
    ];
    await bring(paths);
    await expectWhole();
    expect(besideBegun).toBeUndefined();
    expect(ranges().at(-1)).toBe("bytes=50000-");
  });

  test("leaves nothing of what was put together beside a part that a power cut left, whole or not", async () => {
    const paths = await slot(old);
    for (const bytes of [content.length, 50_000]) {
      await begin();
      await writeFile(join(blobs, `${digest()}.part`), content.subarray(0, bytes));
      await writeFile(composed(), content.subarray(0, 50_000));
      await bring(paths);
      await expectWhole();
    }
  });

  test("is fetched whole from a service that knows no index, or gives another's, or too much", async () => {
    const paths = await slot(old);
    for (const said of [undefined, index?.subarray(6), Buffer.alloc(10_000_000)]) {
      await begin();
      index = said;
      await bring(paths);
      await expectWhole();
      expect(ranges()).toEqual([undefined]);
    }
  });

  const away: Answer = ({ socket }) => void socket.destroy();
  const cut: Answer = (_, response) => {
    response.writeHead(200, { "content-length": index?.length });
    response.write(index?.subarray(0, 100), () => setImmediate(() => response.destroy()));
  };

  test("is put together also where the service is away for a while as its index is asked for, or fails a few times", async () => {
    misbehaveIndex = [...Array.from({ length: 12 }, () => away), cut, away, refused, refused, cut];
    await bring(await slot(old), undefined, { ...quick, failures: 20 });
    await expectWhole();
    expect([misbehaveIndex, ranges()]).toEqual([[], [rangeOf(100, 103), rangeOf(290, 291)]]);
  });

  test("waits for another time where the service stays away: nothing of it is asked for whole, and nothing is lost", async () => {
    const paths = await slot(old);
    await writeFile(composed(), content.subarray(0, 250 * blockBytes));
    for (const answer of [away, cut]) {
      misbehaveIndex = Array.from({ length: quick.failures }, () => answer);
      await expect(bring(paths)).rejects.toEqual(code("FETCH_FAILED"));
      expect([misbehaveIndex, ranges(), await readdir(blobs)]).toEqual([[], [], [`${digest()}.composed`]]);
    }
    await bring(paths);
    await expectWhole();
    expect(ranges()).toEqual([rangeOf(290, 291)]);
  });

  test("is fetched whole where the service answers for its index with an error, which is asked for again a few times", async () => {
    const paths = await slot(old);
    const forbidden: Answer = (_, response) => void response.writeHead(403).end();
    for (const [answer, asked] of [
      [refused, 5],
      [forbidden, 1],
    ] as const) {
      await begin();
      misbehaveIndex = Array.from({ length: asked }, () => answer);
      await bring(paths, undefined, { ...quick, failures: 20 });
      await expectWhole();
      expect([misbehaveIndex, ranges()]).toEqual([[], [undefined]]);
    }
  });

  test("is fetched whole by a device without slots, which does not even ask", async () => {
    await bring([join(blobs, "nothing")]);
    await bring([]);
    await expectWhole();
    expect(requests.map(({ path }) => path)).toEqual([`/device/v1/blobs/${digest()}`]);
  });

  test("is fetched whole where the slot has less than half of it", async () => {
    content = bytesOf([...upTo(140), ...upTo(160, 400)]);
    index = honest(content);
    await bring(await slot(old));
    await expectWhole();
    expect(ranges()).toEqual([undefined]);
  });

  test("is fetched whole, once, where the index lied; and a start in the middle of that does not begin with it anew", async () => {
    const paths = await slot(old);
    index = honest(old);
    content = bytesOf([...upTo(299), 555]);
    misbehave = [
      (_, response) => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 50_000), () => setImmediate(() => response.destroy()));
      },
      ...[refused, refused, refused],
    ];
    await expect(bring(paths)).rejects.toEqual(code("FETCH_FAILED"));
    expect(await readdir(blobs)).toEqual([`${digest()}.part`]);
    requests = [];
    await bring(paths);
    await expectWhole();
    expect(requests.map(({ path }) => path)).toEqual([`/device/v1/blobs/${digest()}`]);
  });

  test("is fetched whole where a service has no ranges, gives another, or more than was asked for", async () => {
    const paths = await slot(old);
    const wrong = [
      (_: IncomingMessage, response: ServerResponse) => void response.end(content),
      (_: IncomingMessage, response: ServerResponse) =>
        void response.writeHead(206, { "content-range": "bytes 0-9/10" }).end("0123456789"),
      (_: IncomingMessage, response: ServerResponse) =>
        void response
          .writeHead(206, { "content-range": `bytes ${100 * blockBytes}-` })
          .end(Buffer.alloc(10 * blockBytes)),
    ];
    for (const answer of wrong) {
      await begin();
      misbehave = [answer];
      await bring(paths);
      await expectWhole();
      expect(ranges().at(-1)).toBeUndefined();
    }
  });

  test("is fetched whole where the slot cannot be read any more", async () => {
    const paths = await slot(old);
    const deltas = await planDeltas({ http: http(), log: () => undefined, old: paths }, blobs, [blob()], quick);
    await truncate(paths[0] ?? "", 17 * blockBytes);
    await fetchBlob(http(), blobs, blob(), quick, deltas.get(digest()));
    await expectWhole();
  });

  test("that the service does not have is refused, and leaves nothing behind", async () => {
    const asked = blob();
    const paths = await slot(old);
    const deltas = await planDeltas({ http: http(), log: () => undefined, old: paths }, blobs, [asked], quick);
    content = Buffer.from(content).fill(1, 100 * blockBytes, 100 * blockBytes + 1);
    await expect(fetchBlob(http(), blobs, asked, quick, deltas.get(asked.digest))).rejects.toEqual(
      code("RELEASE_ARTIFACT_ALTERED"),
    );
    expect(await readdir(blobs)).toEqual([]);
  });
});

const someBlocks = fc.array(fc.nat({ max: 40 }), { minLength: leastBlocks, maxLength: leastBlocks + 30 });
const old = fc.oneof(someBlocks, fc.constant(upTo(41)), fc.constant([]));

test("[M11] of any old and any new, with an index that lies or not, cut anywhere, comes the new", {
  timeout: 120_000,
}, async () => {
  const lies = fc.array(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) }), { maxLength: 3 });
  const cuts = fc.array(fc.record({ bytes: fc.nat({ max: 3 * blockBytes }), tornAt: fc.option(fc.nat()) }), {
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(old, someBlocks, lies, cuts, fc.boolean(), async (old, next, lies, cuts, isHonest) => {
      await begin();
      const paths = await slot(bytesOf(old.slice(0, 100)), bytesOf(old.slice(100)));
      // A few that are nowhere.
      content = bytesOf(next.map((kind, at) => (at % 50 === 7 ? 100 + at : kind)));
      index = honest(content);
      if (!isHonest) for (const { at, byte } of lies) index[at % index.length] = byte;
      for (const { bytes, tornAt } of cuts) {
        const stop = new AbortController();
        misbehave = [
          (request, response) => {
            const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
            response.writeHead(request.headers.range ? 206 : 200, { "content-range": `bytes ${from}-` });
            response.write(content.subarray(from, from + bytes), () => setImmediate(() => stop.abort()));
          },
        ];
        await bring(paths, stop.signal).catch(() => undefined);
        const begun = (await readdir(blobs)).find((name) => /\.(part|composed)$/.test(name));
        if (begun === undefined || tornAt === null) continue;
        const torn = await readFile(join(blobs, begun));
        if (torn.length > 0) torn[tornAt % torn.length] = 0xee;
        await writeFile(join(blobs, begun), torn);
      }
      misbehave = [];
      await bring(paths);
      await expectWhole();
      await rm(blobs, { recursive: true });
    }),
    { numRuns: 40 },
  );
});
