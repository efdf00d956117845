/** A file with a release, as the agent takes it in: real files, a socket where one is, and a verifier that says what a test wants. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ExportHeader,
  type ExportSource,
  exportPaths,
  type ImportReport,
  sha256,
  writeExport,
} from "@bulkhead/protocol";
import type { Verdict } from "@bulkhead/sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openStaging, type Staging } from "../fetch/staging.ts";
import { createTurns } from "../turns.ts";
import { takeIn } from "./take-in.ts";
import { receiveVisitor } from "./visitor.ts";

const patience = { timeout: 20_000, interval: 20 };
const release = '{"a":"release"}';
const overlay = '{"an":"overlay"}';
const [small, large] = ["small", "large ".repeat(40_000)];
const target = "greenhouse-2.json";
const header: ExportHeader = {
  ...{ format: 1, target, releaseDigest: sha256(release) },
  expires: "2026-11-30T00:00:00Z",
};
const source = (path: string, text: string): ExportSource => ({
  ...{ path, sizeBytes: Buffer.byteLength(text) },
  content: () => [Buffer.from(text)],
});
const document = (text: string) => source(exportPaths.document(sha256(text)), text);
const blob = (text: string) => source(exportPaths.blob(sha256(text)), text);
const metadata = ["2.root.json", "4.targets.json", "7.snapshot.json", "timestamp.json"];
const parts = [...metadata.map((name) => source(exportPaths.metadata(name), name)), document(release)];
const accepted: Verdict = { accepted: true, code: null, message: "endorsed" };
const refused: Verdict = { accepted: false, code: "RELEASE_METADATA_INVALID", message: "another project's" };
const blobOf = (text: string) => ({ digest: sha256(text), length: Buffer.byteLength(text) });

let directory: string;
let staging: Staging;
let missing: { digest: string; length: number }[];
let roomBytes: number;
let verdicts: { examine: Verdict; install: Verdict };
/** What was staged when the verifier was asked. */
let seen: Record<"examine" | "install", string[]>;
/** What the verifier is told to be meant, each time that it is asked. */
let handedOn: unknown[];
let told: ImportReport[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-import-"));
  staging = await openStaging(directory);
  missing = [blobOf(small), blobOf(large)];
  roomBytes = 0;
  verdicts = { examine: accepted, install: accepted };
  seen = { examine: [], install: [] };
  told = [];
  handedOn = [];
  // What earlier deployments left.
  await writeFile(join(staging.metadata, "3.targets.json"), "old");
  await writeFile(join(staging.blobs, "old"), "old");
});
afterEach(() => rm(directory, { recursive: true }));

const staged = async () => (await Promise.all(Object.values(staging).map((one) => readdir(one)))).flat().toSorted();
const ports = () => ({
  staging,
  inTurn: createTurns(),
  tell: (report: ImportReport) => void told.push(report),
  gate: {
    async examine({ meant }: { meant?: string | undefined }) {
      handedOn.push(meant);
      seen.examine = await staged();
      return { verdict: verdicts.examine, missing, roomBytes };
    },
    async install({ meant }: { meant?: string | undefined }) {
      handedOn.push(meant);
      seen.install = await staged();
      expect(await readFile(join(staging.blobs, sha256(large)), "utf8")).toBe(large);
      return verdicts.install;
    },
  },
});
const take = (bytes: AsyncIterable<Uint8Array>, meant: string | null = null) => takeIn(bytes, { ...ports(), meant });
const file = (...more: ExportSource[]) => writeExport(header, [...parts, ...more]);
async function piecesOf(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return pieces;
}
const isLeft = async () => (await staged()).filter((name) => !metadata.includes(name));

describe("[M11] a file with a release", () => {
  test("is staged as what comes from the KMS is, judged, installed, and what is not needed is passed over", async () => {
    expect(await take(file(blob(small), blob(large), blob("what the device has")))).toEqual(accepted);
    const documents = [...metadata, `${header.releaseDigest}.${target}`];
    expect(seen.examine).toEqual([...documents, "old"].toSorted());
    expect(seen.install).toEqual([...documents, sha256(small), sha256(large)].toSorted());
    expect(await isLeft()).toEqual([]);
    const bytes = missing.reduce((sum, { length }) => sum + length, 0);
    expect(told.map((one) => one.event)).toEqual(["offered", "wanted", "taken", "taken", "installing"]);
    expect(told).toContainEqual({ event: "wanted", blobs: 2, bytes });
    expect(told).toContainEqual({ event: "taken", bytes });
  });

  test("brings an overlay under the name that the verifier looks for", async () => {
    const name = { target: "overlays/field/warm-3.json", digest: sha256(overlay) };
    missing = [blobOf(large)];
    const bytes = writeExport({ ...header, overlay: name }, [...parts, document(overlay), blob(large)]);
    expect(await take(bytes)).toEqual(accepted);
    expect(seen.examine).toContain(`${sha256(overlay)}.warm-3.json`);
  });

  test("that is not the one that is meant is not even examined", async () => {
    const meant = sha256("another");
    await expect(take(file(blob(small), blob(large)), meant)).rejects.toMatchObject({
      ...{ code: "EXPORT_INVALID", message: `the file has ${header.releaseDigest}, and ${meant} is meant` },
    });
    expect([seen, await staged()]).toEqual([{ examine: [], install: [] }, []]);
    expect(await take(file(blob(small), blob(large)), header.releaseDigest)).toEqual(accepted);
  });

  test("with an overlay is meant by the digest of both together, and the verifier is told which is", async () => {
    const name = { target: "overlays/field/warm-3.json", digest: sha256(overlay) };
    const effectiveDigest = sha256("both");
    missing = [blobOf(large)];
    const both = () =>
      writeExport({ ...header, overlay: name, effectiveDigest }, [...parts, document(overlay), blob(large)]);
    await expect(take(both(), header.releaseDigest)).rejects.toMatchObject({
      ...{ code: "EXPORT_INVALID", message: `the file has ${effectiveDigest}, and ${header.releaseDigest} is meant` },
    });
    expect([handedOn, await staged()]).toEqual([[], []]);
    expect(await take(both(), effectiveDigest)).toEqual(accepted);
    expect(handedOn.splice(0)).toEqual([effectiveDigest, effectiveDigest]);
    expect(await take(both())).toEqual(accepted);
    expect(handedOn).toEqual([undefined, undefined]);
  });

  test("that the verifier refuses leaves nothing behind, and none of its artifacts is taken", async () => {
    verdicts.examine = refused;
    expect(await take(file(blob(small), blob(large)))).toEqual(refused);
    expect(await staged()).toEqual([]);
    expect(told.map((one) => one.event)).toEqual(["offered"]);
  });

  test("that lacks an artifact is not installed, and says so", async () => {
    await expect(take(file(blob(small)))).rejects.toMatchObject({
      code: "EXPORT_INCOMPLETE",
      message: expect.stringContaining(sha256(large)),
    });
    expect([seen.install, await staged()]).toEqual([[], []]);
  });

  test("whose artifact is another than was signed is not installed", async () => {
    const forged = { ...blob(small), content: () => [Buffer.from("smile")] };
    await expect(take(file(forged, blob(large)))).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    missing = [{ ...blobOf(small), length: 4 }, blobOf(large)];
    await expect(take(file(blob(small), blob(large)))).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
    expect([seen.install, await staged()]).toEqual([[], []]);
  });

  test("with a release that is larger than a device takes is not begun", async () => {
    missing = ["one", "two", "three"].map((name) => ({ digest: sha256(name), length: 512 * 1024 * 1024 }));
    await expect(take(file(blob(large)))).rejects.toMatchObject({ code: "FETCH_TOO_LARGE" });
    expect([told.map((one) => one.event), await staged()]).toEqual([["offered"], []]);
  });

  test("with a release for which there is no room is not begun", async () => {
    missing = [blobOf(large)];
    roomBytes = 2 ** 52;
    await expect(take(file(blob(large)))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await staged()).toEqual([]);
  });

  test("with a document that it does not name, or a header of another form, is refused", async () => {
    await expect(take(file(document("another")))).rejects.toMatchObject({ code: "EXPORT_INVALID" });
    const other = { ...header, target: "../../agent.json" } as ExportHeader;
    await expect(take(writeExport(other, parts))).rejects.toMatchObject({ code: "EXPORT_INVALID" });
    expect(await staged()).toEqual([]);
  });

  test("with more metadata than is held in memory is refused before all of it is", async () => {
    const roots = Array.from({ length: 30 }, (_, at) =>
      source(exportPaths.metadata(`${at + 1}.root.json`), " ".repeat(500_000)),
    );
    let bytes = 0;
    async function* counted() {
      for await (const piece of writeExport(header, roots)) {
        bytes += piece.length;
        yield piece;
      }
    }
    await expect(take(counted())).rejects.toMatchObject({ code: "EXPORT_INVALID" });
    expect(bytes).toBeLessThan(13 * 1024 * 1024);
  });

  test("that was cut, wherever that was, is not installed and leaves nothing behind", async () => {
    const whole = Buffer.concat(await piecesOf(file(blob(small), blob(large))));
    // All that is small comes first: header, metadata and document.
    for (let cut = 0; cut < whole.length; cut += cut < 8 * 1024 ? 512 : 20_011) {
      const pieces = async function* () {
        yield whole.subarray(0, cut);
      };
      await expect(take(pieces())).rejects.toMatchObject({ code: "EXPORT_INVALID" });
      expect([seen.install, await isLeft()]).toEqual([[], []]);
    }
  });
});

describe("[M11] who brings a file", () => {
  const anyRelease = '{"digest":null}\n';
  let server: Server;
  let heard: string;
  const path = () => join(directory, "socket");
  /** Listens, does this with who comes, and has the agent come. */
  async function bring(give: (socket: Socket) => void): Promise<ImportReport[]> {
    heard = "";
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        heard += chunk;
        if (heard.includes("refused")) socket.destroy();
      });
      give(socket);
    });
    await new Promise<void>((resolve) => server.listen(path(), resolve));
    const { gate, inTurn } = ports();
    await receiveVisitor(path(), { gate, inTurn, staging, signal: new AbortController().signal, log: () => undefined });
    return reports();
  }
  const reports = (): ImportReport[] =>
    heard
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  test("hears how it goes and what came of it, when the file is over", async () => {
    const whole = Buffer.concat(await piecesOf(file(blob(small), blob(large))));
    let closed = false;
    await bring((socket) => {
      socket.on("close", () => {
        closed = true;
      });
      // However it is cut up on its way.
      for (const byte of anyRelease) socket.write(byte);
      socket.end(whole);
    });
    await vi.waitFor(() => expect(closed).toBe(true), patience);
    expect(reports().at(-1)).toEqual({ event: "endorsed", message: "endorsed" });
  });

  test("hears why it is refused while there is more of the file, and is kept waiting by nothing", async () => {
    verdicts.examine = refused;
    const whole = Buffer.concat(await piecesOf(file(blob(small), blob(large))));
    await bring((socket) => void socket.write(Buffer.concat([Buffer.from(anyRelease), whole])));
    const refusal = { event: "refused", code: "RELEASE_METADATA_INVALID", message: "another project's", remedy: "" };
    await vi.waitFor(() => expect(reports().at(-1)).toEqual(refusal), patience);
  });

  test("may go in the middle: nothing is left of what it brought", async () => {
    const whole = Buffer.concat(await piecesOf(file(blob(small), blob(large))));
    await bring((socket) => {
      socket.write(anyRelease);
      socket.write(whole.subarray(0, 9000), () => socket.destroy());
    });
    expect([seen.install, await isLeft()]).toEqual([[], []]);
  });

  test("says first which release is meant, or that any is: a file without that is not taken in", async () => {
    const whole = Buffer.concat(await piecesOf(file(blob(small), blob(large))));
    await bring((socket) => void socket.end(whole));
    await vi.waitFor(() => expect(reports().at(-1)).toMatchObject({ code: "EXPORT_INVALID" }), patience);
    expect([seen.examine, await isLeft()]).toEqual([[], ["3.targets.json", "old"]]);
  });
});
