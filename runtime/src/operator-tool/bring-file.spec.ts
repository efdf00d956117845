/** Who brings a file, between a root server and an agent that do what they like. */
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { BulkheadError, type ImportReport, maxImportLineBytes, type OperatorAnswer } from "@bulkhead/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Desk, openDesk, type Visit } from "../operator/desk.ts";
import { type BringEvent, bring } from "./bring-file.ts";

const effectiveDigest = "a".repeat(64);
const offered = { event: "offered", target: "x-2.json", effectiveDigest, expires: "2026-11-30T00:00:00Z" } as const;
const installing = { event: "installing" } as const;
const refusedByAgent = { event: "refused", code: "RELEASE_ROLLBACK", message: "older", remedy: "" } as const;
const outcome = { releaseDigest: effectiveDigest, outcome: "committed", reason: "well" } as const;

let directory: string;
let desk: Desk | undefined;
/** What the agent does when it is told to come. */
let agent: (socket: Socket, visit: Visit) => void;
/** What the newest update is, for who asks. */
let update: OperatorAnswer;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-bring-"));
  agent = () => undefined;
  update = { kind: "update", state: "trying", reason: "on trial", releaseDigest: effectiveDigest };
});
afterEach(async () => {
  await desk?.close();
  desk = undefined;
  await rm(directory, { recursive: true });
});

const place = () => join(directory, "operator");

async function open(): Promise<void> {
  desk = await openDesk(place(), ({ kind }, visit) => {
    if (kind === "update") visit.tell(update);
    if (kind === "import") visit.tell({ kind: "importing", directory, uid: null });
    if (kind !== "begin") return;
    const socket = createConnection({ path: join(directory, "socket"), allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.once("connect", () => agent(socket, visit));
  });
}

/** What is said while a file is brought; `times` that a test need not wait for. */
async function bringFile(
  times: { comesWithinMs?: number; silentForMs?: number; judgedWithinMs?: number } = {},
  digest?: string,
) {
  const said: BringEvent[] = [];
  const patience = { comesWithinMs: 30_000, silentForMs: 30_000, judgedWithinMs: 30_000, lookEveryMs: 5 };
  const input = Readable.from([Buffer.from("a "), Buffer.from("release")]);
  await bring(join(place(), "socket"), {
    input,
    say: (event) => said.push(event),
    times: { ...patience, ...times },
    digest,
  });
  return said;
}

const tell = (socket: Socket, ...reports: ImportReport[]) =>
  void socket.write(reports.map((report) => `${JSON.stringify(report)}\n`).join(""));
const refused = (code: string, message: string) => ({
  ...{ event: "refused", code, message: expect.stringContaining(message), remedy: expect.any(String) },
});

test("[M11] the agent gets the file to its last byte, what it says is passed on, and what became of it is the root server's word", async () => {
  let file = "";
  agent = async (socket, visit) => {
    file = await text(socket);
    tell(socket, offered, installing);
    socket.end();
    visit.tell({ kind: "outcome", ...outcome, releaseDigest: "b".repeat(64) });
    visit.tell({ kind: "outcome", ...outcome });
  };
  await open();
  expect(await bringFile()).toEqual([offered, installing, { event: "outcome", ...outcome }]);
  expect(file).toBe('{"digest":null}\na release');
  expect(await readdir(directory)).toEqual(["operator"]);
});

test("[M11] where the digest that is meant is given, an agent that takes another release for it does not pass for having taken that", async () => {
  const meant = "c".repeat(64);
  agent = (socket) => tell(socket, offered, installing);
  await open();
  expect((await bringFile({}, meant)).at(-1)).toEqual(
    refused("EXPORT_INVALID", `has ${effectiveDigest}, and ${meant}`),
  );
  // It says what is meant, and has the verifier install what runs already.
  agent = (socket, visit) => {
    tell(socket, { ...offered, effectiveDigest: meant }, installing);
    socket.end();
    visit.tell({ kind: "outcome", ...outcome, reason: "it runs already" });
  };
  expect((await bringFile({ judgedWithinMs: 100 }, meant)).at(-1)).toMatchObject({ event: "unknown" });
});

test("[M11] where the digest that is meant is given, what the root server says of that is the outcome, whatever the agent says or leaves out", async () => {
  agent = (socket, visit) => {
    tell(socket, installing);
    socket.end();
    visit.tell({ kind: "outcome", ...outcome });
  };
  await open();
  expect(await bringFile({ judgedWithinMs: 5000 }, effectiveDigest)).toEqual([
    installing,
    { event: "outcome", ...outcome },
  ]);
});

test("[M11] what the agent refuses is the end of it, whatever it says before and after", async () => {
  agent = (socket) => tell(socket, offered, installing, refusedByAgent, installing);
  await open();
  expect(await bringFile()).toEqual([offered, installing, refusedByAgent]);
});

test("[M11] what the root server refuses is said in its words, and that nobody is there", async () => {
  desk = await openDesk(place(), () => {
    throw new BulkheadError("CONFLICT", "somebody else brings one", { remedy: "wait" });
  });
  expect(await bringFile()).toEqual([
    { event: "refused", code: "CONFLICT", message: "somebody else brings one", remedy: "wait" },
  ]);
  await desk.close();
  expect(await bringFile()).toEqual([refused("DEVICE_NOT_RUNNING", "hears nobody")]);
});

test("[M11] an answer of the root server that is none of these is no place to listen in", async () => {
  desk = await openDesk(place(), (_, visit) => visit.tell(update));
  expect(await bringFile()).toEqual([refused("INTERNAL", "answered update")]);
});

const deeds: [string, (socket: Socket) => void, string, string][] = [
  ["goes without a word", (socket) => socket.destroy(), "PEER_GONE", "ended before it had the whole file"],
  ["reads it and ends", (socket) => void text(socket).then(() => socket.end()), "PEER_GONE", "ended before"],
  ["says what is no JSON", (socket) => socket.write("{\n"), "PROTOCOL_INVALID", "no report"],
  ["says what is no report", (socket) => socket.write('{"event":"outcome"}\n'), "PROTOCOL_INVALID", "no report"],
  [
    "says a line without an end",
    (socket) => socket.write("x".repeat(maxImportLineBytes + 1)),
    ...(["PROTOCOL_INVALID", "more than there is to say"] as const),
  ],
  [
    "says lines without an end",
    (socket) => socket.write(`${JSON.stringify({ event: "taken", bytes: 1 })}\n`.repeat(20_000)),
    ...(["PROTOCOL_INVALID", "more than there is to say"] as const),
  ],
];
test.each(deeds)("[M11] an agent that %s is given up", async (_, deed, code, message) => {
  agent = deed;
  await open();
  expect((await bringFile()).at(-1)).toEqual(refused(code, message));
});

test("[M11] an agent that does not come, or falls silent, is not waited for without end", async () => {
  desk = await openDesk(place(), ({ kind }, visit) => {
    if (kind === "import") visit.tell({ kind: "importing", directory, uid: null });
  });
  expect(await bringFile({ comesWithinMs: 20 })).toEqual([refused("DEADLINE_EXCEEDED", "did not come")]);
  await desk.close();
  await open();
  expect(await bringFile({ silentForMs: 50 })).toEqual([refused("DEADLINE_EXCEEDED", "has stopped")]);
});

test("[M11] a root server that goes before the agent has come ends it", async () => {
  desk = await openDesk(place(), ({ kind }, visit) => {
    if (kind === "import") visit.tell({ kind: "importing", directory, uid: null });
    else visit.close();
  });
  expect(await bringFile()).toEqual([refused("PEER_GONE", "the root server restarts")]);
});

test("[M11] who was told that it is to be installed hears the outcome also of the root server that comes after", async () => {
  agent = async (socket, visit) => {
    await text(socket);
    tell(socket, offered, installing);
    // All is restarted with the release.
    socket.end();
    const gone = once(socket, "close");
    visit.close();
    await gone;
    update = { kind: "update", state: "rolled-back", reason: "ill", releaseDigest: effectiveDigest };
  };
  await open();
  const expected = { event: "outcome", outcome: "rolled-back", reason: "ill", releaseDigest: effectiveDigest };
  expect((await bringFile()).at(-1)).toEqual(expected);
});

test("[M11] where nobody says what became of it, that is said", async () => {
  agent = (socket) => {
    tell(socket, offered, installing);
    socket.end();
  };
  await open();
  expect((await bringFile({ judgedWithinMs: 30 })).at(-1)).toMatchObject({ event: "unknown" });
});
