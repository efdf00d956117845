/** A file and the release that is meant, with all that takes it real: who brings it, the agent, and the verifier. A small file is with the agent before anybody has heard what is in it. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  applyOverlay,
  type ExportHeader,
  exportPaths,
  type OverlayName,
  parseOverlay,
  partsOfTarget,
  sha256,
  writeExport,
} from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStaging } from "../../kms-agent/src/fetch/staging.ts";
import { receiveVisitor } from "../../kms-agent/src/import/visitor.ts";
import { createTurns } from "../../kms-agent/src/turns.ts";
import { type Desk, openDesk } from "../../runtime/src/operator/desk.ts";
import { type BringEvent, bring } from "../../runtime/src/operator-tool/bring-file.ts";
import { useBench } from "./bench.ts";
import { type BuiltForTest, signOnline } from "./project.ts";
import { delegateOverlays, signOverlay } from "./sign-overlay.ts";

const usual = { comesWithinMs: 30_000, silentForMs: 30_000, judgedWithinMs: 30_000, lookEveryMs: 5 };
const other = sha256("another");

const bench = useBench();
let directory: string;
let desk: Desk;
let built: BuiltForTest;
let over: Promise<void> | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-meant-"));
  built = await bench.publish(1);
  const staging = await openStaging(bench.device.directories.staging);
  const verifier = await bench.device.boot();
  desk = await openDesk(join(directory, "operator"), ({ kind }, visit) => {
    if (kind === "import") visit.tell({ kind: "importing", directory, uid: null });
    if (kind !== "begin") return;
    const gate: Parameters<typeof receiveVisitor>[1]["gate"] = {
      examine: verifier.examine,
      async install(asked) {
        const verdict = await verifier.install(asked);
        for (const releaseDigest of installed())
          visit.tell({ kind: "outcome", releaseDigest, outcome: "committed", reason: "well" });
        return verdict;
      },
    };
    const signal = new AbortController().signal;
    const ports = { gate, staging, inTurn: createTurns(), signal, log: () => undefined };
    over = receiveVisitor(join(directory, "socket"), ports);
  });
});
afterEach(async () => {
  await over;
  await desk.close();
  await rm(directory, { recursive: true });
});

/** What the root server was told to activate. */
const installed = () => bench.device.told.map(({ body }) => (body as { releaseDigest: string }).releaseDigest);

const source = (path: string, content: Buffer) => ({
  ...{ path, sizeBytes: content.length },
  content: () => [content],
});

/** A file with the release, and with what is put on it; `said` is what its header has beside. */
async function fileWith(overlay?: OverlayName, said: Partial<ExportHeader> = {}): Promise<Readable> {
  const { repoDir } = bench.project;
  const header = { format: 1, target: built.target, releaseDigest: built.digest } as const;
  const names = (await readdir(repoDir)).filter((name) => name.endsWith(".json"));
  const parts = names.map(async (name) => source(exportPaths.metadata(name), await readFile(join(repoDir, name))));
  parts.push(
    readFile(join(built.dir, "release.json")).then((text) => source(exportPaths.document(built.digest), text)),
  );
  if (overlay) parts.push(documentOf(overlay).then((text) => source(exportPaths.document(overlay.digest), text)));
  for (const name of await readdir(join(built.dir, "blobs")))
    parts.push(readFile(join(built.dir, "blobs", name)).then((bytes) => source(exportPaths.blob(name), bytes)));
  const expires = "2026-11-30T00:00:00Z";
  return Readable.from(
    writeExport({ ...header, ...(overlay && { overlay }), ...said, expires }, await Promise.all(parts)),
  );
}

const documentOf = ({ target, digest }: OverlayName) =>
  readFile(join(bench.project.repoDir, "targets/overlays/field", `${digest}.${partsOfTarget(target).file}`));

async function bringFile(input: Readable, meant?: string): Promise<BringEvent | undefined> {
  const said: BringEvent[] = [];
  const say = (event: BringEvent) => void said.push(event);
  await bring(join(directory, "operator", "socket"), { input, say, times: usual, digest: meant });
  await over;
  return said.at(-1);
}

const notMeant = (found: string, meant: string) => ({
  ...{ event: "refused", code: "EXPORT_INVALID" },
  message: expect.stringContaining(`${found}, and ${meant} is meant`),
});

test("[M11] a file with another release than the one that is meant is refused, and nothing of it is installed: also where the file calls itself by that digest", async () => {
  const file = await fileWith(undefined, { effectiveDigest: other });
  expect(await bringFile(file, other)).toMatchObject(notMeant(built.digest, other));
  expect(installed()).toEqual([]);
});

test("[M11] the release that is meant is installed, as any is where none is named", async () => {
  for (const meant of [built.digest, undefined])
    expect(await bringFile(await fileWith(), meant)).toMatchObject({ event: "outcome", releaseDigest: built.digest });
  expect(installed()).toContain(built.digest);
});

describe("[M11] a file with an overlay", () => {
  let overlay: OverlayName;
  let effectiveDigest: string;
  beforeEach(async () => {
    const { repoDir, online } = bench.project;
    const key = await delegateOverlays(bench.project, "field");
    const values = { "one.config.level": 7 };
    const wanted = { overlay: "warmer", deployment: "field", base: built.digest, values };
    overlay = await signOverlay(repoDir, key, wanted, built.release);
    await signOnline(repoDir, online, { version: 2 });
    const text = (await documentOf(overlay)).toString();
    effectiveDigest = applyOverlay(built.release, parseOverlay(text, "the overlay")).digest;
  });

  test("is taken in where the digest of both together is meant, and not where that of the release alone is", async () => {
    expect(await bringFile(await fileWith(overlay, { effectiveDigest }), built.digest)).toMatchObject(
      notMeant(effectiveDigest, built.digest),
    );
    expect(installed()).toEqual([]);
    expect(await bringFile(await fileWith(overlay, { effectiveDigest }), effectiveDigest)).toMatchObject({
      ...{ event: "outcome", releaseDigest: effectiveDigest },
    });
    expect(installed()).toEqual([effectiveDigest]);
  });

  test.each([
    ["calls both together by the digest that is meant", { effectiveDigest: other }, () => other],
    ["says nothing of both together", {}, () => built.digest],
  ])(
    "is not taken in by the word of its header where that %s: the verifier knows what they come to",
    async (_, said, meant) => {
      expect(await bringFile(await fileWith(overlay, said), meant())).toMatchObject(notMeant(effectiveDigest, meant()));
      expect(installed()).toEqual([]);
      expect(await readdir(bench.device.directories.endorsed)).toEqual([]);
    },
  );
});
