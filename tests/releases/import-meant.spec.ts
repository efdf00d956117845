/** A file and the release that is meant, with both halves real: who brings it, and the agent that takes it in. A small file is with the agent before anybody has heard what is in it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { exportPaths, sha256, writeExport } from "@bulkhead/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStaging } from "../../kms-agent/src/fetch/staging.ts";
import { receiveVisitor } from "../../kms-agent/src/import/visitor.ts";
import { createTurns } from "../../kms-agent/src/turns.ts";
import { type Desk, openDesk } from "../../runtime/src/operator/desk.ts";
import { type BringEvent, bring } from "../../runtime/src/operator-tool/bring-file.ts";

const release = '{"a":"release"}';
const [digest, other] = [sha256(release), sha256("another")];
const usual = { comesWithinMs: 30_000, silentForMs: 30_000, judgedWithinMs: 30_000, lookEveryMs: 5 };

let directory: string;
let desk: Desk;
let installed: number;
let over: Promise<void> | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-meant-"));
  installed = 0;
  const staging = await openStaging(join(directory, "staging"));
  const verdict = { accepted: true, code: null, message: "endorsed" };
  desk = await openDesk(join(directory, "operator"), ({ kind }, visit) => {
    if (kind === "import") visit.tell({ kind: "importing", directory, uid: null });
    if (kind !== "begin") return;
    const gate = {
      examine: async () => ({ verdict, missing: [], roomBytes: 0 }),
      async install() {
        installed += 1;
        visit.tell({ kind: "outcome", releaseDigest: digest, outcome: "committed", reason: "well" });
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

async function bringFile(meant?: string): Promise<BringEvent[]> {
  const header = { format: 1, target: "greenhouse-2.json", releaseDigest: digest } as const;
  const source = (path: string, text: string) => ({
    ...{ path, sizeBytes: Buffer.byteLength(text) },
    content: () => [Buffer.from(text)],
  });
  const parts = [source(exportPaths.metadata("timestamp.json"), "{}"), source(exportPaths.document(digest), release)];
  const input = Readable.from(
    writeExport({ ...header, effectiveDigest: other, expires: "2026-11-30T00:00:00Z" }, parts),
  );
  const said: BringEvent[] = [];
  const say = (event: BringEvent) => said.push(event);
  await bring(join(directory, "operator", "socket"), { input, say, times: usual, digest: meant });
  await over;
  return said;
}

test("[M11] a file with another release than the one that is meant is refused, and nothing of it is installed: also where the file calls itself by that digest", async () => {
  expect((await bringFile(other)).at(-1)).toMatchObject({
    ...{
      event: "refused",
      code: "EXPORT_INVALID",
      message: expect.stringContaining(`${digest}, and ${other} is meant`),
    },
  });
  expect(installed).toBe(0);
});

test.each([digest, undefined])(
  "[M11] the release that is meant is installed, as any is where none is named",
  async (meant) => {
    expect((await bringFile(meant)).at(-1)).toMatchObject({ event: "outcome", releaseDigest: digest });
    expect(installed).toBe(1);
  },
);
