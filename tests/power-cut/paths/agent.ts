/** The path that the agent takes: a release and an overlay are brought to the staging directory, artifacts piece by piece. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blockDigest, blockDigestBytes, indexedBlockBytes } from "@bulkhead/protocol";
import { expect } from "vitest";
import { type DeployPorts, deploy } from "../../../kms-agent/src/fetch/deploy.ts";
import { openStaging, type Staging } from "../../../kms-agent/src/fetch/staging.ts";
import { makeIdentities, startFakeKms } from "../../../kms-agent/src/testing/fake-kms.ts";
import type { UpdatePath } from "../update-path.ts";

const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");
/** Three blocks of a disk, and a bit. */
const content = Buffer.from(Array.from({ length: 13_000 }, (_, at) => (at % 251) + 1));
/** Of a base system, of which the slot that runs has all but two blocks, at other places. */
const block = (number: number) =>
  createHash("shake256", { outputLength: indexedBlockBytes }).update(`${number}`).digest();
const slot = Array.from({ length: 262 }, (_, at) => block(at));
const base = Buffer.concat(slot.slice(4).map((one, at) => (at === 3 || at === 130 ? block(1000 + at) : one)));
const baseIndex = Buffer.concat(
  Array.from({ length: base.length / indexedBlockBytes }, (_, at) => {
    const digest = Buffer.alloc(blockDigestBytes);
    const bytes = base.subarray(at * indexedBlockBytes, (at + 1) * indexedBlockBytes);
    digest.writeUIntBE(blockDigest(bytes), 0, blockDigestBytes);
    return digest;
  }),
);
const release = Buffer.from('{"a":"release"}');
const releaseFile = `${sha(release)}.greenhouse-2.json`;
const overlayText = Buffer.from('{"an":"overlay"}');
const overlay = { target: "overlays/field/warmer-1.json", digest: sha(overlayText) };
const version = (...names: string[]) =>
  JSON.stringify({ signed: { meta: Object.fromEntries(names.map((name) => [name, { version: 2 }])) } });
const files: Readonly<Record<string, Buffer | string>> = {
  "metadata/2.root.json": "root 2",
  "metadata/timestamp.json": version("snapshot.json"),
  "metadata/2.snapshot.json": version("targets.json", "overlays-field.json"),
  "metadata/2.targets.json": "targets 2",
  "metadata/2.overlays-field.json": "overlays 2",
  [`targets/${releaseFile}`]: release,
  [`targets/${overlay.digest}.warmer-1.json`]: overlayText,
};
const blobs: Readonly<Record<string, Buffer>> = {
  [`blobs/${sha(content)}`]: content,
  [`blobs/${sha(base)}`]: base,
  [`blobs/${sha(base)}/index`]: baseIndex,
};

export type Service = {
  readonly port: number;
  readonly blobsAsked: () => number;
  /** A partition of the slot that runs, which is on no disk whose power is cut. */
  readonly slot: string;
  close(): Promise<void>;
};

/** A management service that has one release, and something to put on it. */
export async function startService(): Promise<Service> {
  const kms = await startFakeKms(makeIdentities());
  let blobsAsked = 0;
  kms.serve((request, response) => {
    if (request.url?.includes("/blobs/")) blobsAsked += 1;
    answer(request, response);
  });
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-slot-"));
  await writeFile(join(directory, "root"), Buffer.concat(slot));
  return {
    ...{ port: kms.port, blobsAsked: () => blobsAsked, slot: join(directory, "root") },
    async close() {
      await kms.close();
      await rm(directory, { recursive: true });
    },
  };
}

function answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
  const path = url.replace("/device/v1/", "");
  const body = files[path] ?? blobs[path];
  if (body === undefined) return void response.writeHead(404).end();
  const [isPart, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  const all = Buffer.from(body as string);
  const [from, to] = [Number(first), last === "" ? all.length - 1 : Number(last)];
  if (isPart) response.writeHead(206, { "content-range": `bytes ${from}-${to}/${all.length}` });
  response.end(all.subarray(from, to + 1));
}

export function agentPaths(service: Service) {
  return { "a fetch": fetching(service, content), "a fetch of blocks": fetching(service, base) };
}

function fetching({ port, blobsAsked, slot }: Service, bytes: Buffer): UpdatePath {
  const blob = { digest: sha(bytes), length: bytes.length };
  const wanted = { ...files, [`blobs/${blob.digest}`]: bytes };

  async function bring(root: string, seen: (staging: Staging) => Promise<void>): Promise<void> {
    const staging = await openStaging(join(root, "staging"));
    const accepted = { accepted: true, code: null, message: "" };
    const ports: DeployPorts = {
      http: { authority: `127.0.0.1:${port}`, stallMs: 60_000, signal: new AbortController().signal },
      gate: {
        examine: async () => ({ verdict: accepted, missing: [blob], roomBytes: 0 }),
        async install() {
          await seen(staging);
          return accepted;
        },
      },
      staging,
      rootVersion: 1,
      log: () => undefined,
      old: [slot],
    };
    const command = { kind: "deploy" as const, target: "greenhouse-2.json", releaseDigest: sha(release), overlay };
    expect(await deploy(command, ports, async () => undefined)).toEqual(accepted);
  }
  return {
    prepare: async (root) => void (await mkdir(join(root, "staging"))),
    run: (root, reached) => bring(root, () => reached("staged it").then(() => reached("handed it over"))),
    async check(root, reached) {
      const before = blobsAsked();
      await bring(root, (staging) => expectStaged(staging, wanted));
      // What was fetched whole, and nobody has taken yet, is not fetched again.
      if (reached.has("staged it") && !reached.has("handed it over")) expect(blobsAsked()).toBe(before);
      expect(await readdir(join(root, "staging", "blobs"))).toEqual([]);
    },
  };
}

/** What the verifier is shown is whole, and nothing of an earlier try lies beside it. */
async function expectStaged({ metadata, targets, blobs }: Staging, all: typeof files): Promise<void> {
  const names = Object.keys(all).map((path) => path.split("/"));
  for (const [kind, directory] of Object.entries({ metadata, targets, blobs })) {
    const wanted = names.filter(([first]) => first === kind).map(([, name = ""]) => name);
    // The name that a part had before its rename may still be there beside the new one, for the same file.
    const found = (await readdir(directory)).filter((name) => !/\.(part|composed)$/.test(name));
    expect(found.sort()).toEqual(wanted.sort());
    for (const name of wanted) {
      expect(await readFile(join(directory, name))).toEqual(Buffer.from(all[`${kind}/${name}`] as string));
    }
  }
}
