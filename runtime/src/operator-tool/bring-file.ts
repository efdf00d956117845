/**
 * Where the root server is: listens for the agent, gives it the file, and hears what becomes of the release. Nothing
 * of the file is read here. What became of a release is the root server's word. Which release that is, the agent says. Where the digest that is meant is given, the
 * agent is told it before the file and takes no other in, and what it says of another is not believed.
 */
import { chmod, chown, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  BulkheadError,
  type ImportHandOver,
  type ImportReport,
  importReportSchema,
  maxImportLineBytes,
  type OperatorAnswer,
  parseJson,
  reportError,
} from "@bulkhead/protocol";
import { type DeskVisit, visitDesk } from "./visit.ts";

type OutcomeEvent = {
  readonly event: "outcome";
  readonly releaseDigest: string;
  readonly outcome: "committed" | "rolled-back";
  readonly reason: string;
};
/** What is told outside: one JSON document a line. */
export type BringEvent = ImportReport | OutcomeEvent | { readonly event: "unknown"; readonly message: string };

type Means = {
  /** The file. */
  readonly input: Readable;
  readonly say: (event: BringEvent) => void;
  readonly times: Times;
  /** Of the release that is meant. */
  readonly digest?: string | undefined;
};

type Times = Readonly<Record<"comesWithinMs" | "silentForMs" | "judgedWithinMs" | "lookEveryMs", number>>;

const usualTimes: Times = {
  comesWithinMs: 10 * 60_000,
  /** Neither takes a byte nor says a word: the verifier has five minutes to endorse it. A deployment gave way before the agent came. */
  silentForMs: 10 * 60_000,
  /** A trial that waits for another, and its own. */
  judgedWithinMs: 15 * 60_000,
  lookEveryMs: 500,
};

export async function bringFile([runDir = "", digest]: readonly string[]): Promise<number> {
  const say = (event: BringEvent) => void process.stdout.write(`${JSON.stringify(event)}\n`);
  await bring(join(runDir, "operator", "socket"), { input: process.stdin, say, times: usualTimes, digest });
  return 0;
}

/** Says how it goes; what goes wrong is the last that is said. */
export async function bring(desk: string, means: Means): Promise<void> {
  try {
    await bringTo(desk, means);
  } catch (error) {
    const { code, message, remedy = "" } = reportError(error);
    means.say({ event: "refused", code, message, remedy });
  }
}

async function bringTo(desk: string, means: Means): Promise<void> {
  const outcomes: OutcomeEvent[] = [];
  const visit = await visitDesk(desk, (answer) => {
    if (answer.kind !== "outcome") return;
    const { kind: event, ...rest } = answer;
    outcomes.push({ event, ...rest });
  });
  const answer = await visit.ask({ kind: "import" });
  if (answer.kind !== "importing") throw new BulkheadError("INTERNAL", `the root server answered ${answer.kind}`);
  try {
    const last = await withAgent(answer, visit, means);
    if (last.isAsked)
      means.say(await outcomeOf(means.digest ?? last.effectiveDigest, { desk, visit, outcomes, means }));
  } finally {
    visit.close();
  }
}

type Place = Extract<OperatorAnswer, { kind: "importing" }>;
/** `isAsked`: the agent has said that the verifier is to install it, and what comes of that is the root server's to say. */
type Told = { effectiveDigest: string; isAsked: boolean };

/** Gives the agent the file and passes on what it says. Throws where it does not come, or goes without a last word. */
async function withAgent({ directory, uid }: Place, visit: DeskVisit, means: Means): Promise<Told> {
  const path = join(directory, "socket");
  await rm(path, { force: true });
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  try {
    await listen(server, path, uid);
    visit.tell({ kind: "begin" });
    const socket = await Promise.race([accepted, gone(visit), tooLate(means.times.comesWithinMs)]);
    return await hear(socket, send(socket, means), means);
  } finally {
    server.close();
    await rm(path, { force: true });
  }
}

async function listen(server: Server, path: string, uid: number | null): Promise<void> {
  const before = process.umask(0o177);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  }).finally(() => process.umask(before));
  await chmod(path, 0o600);
  if (uid !== null) await chown(path, uid, uid);
}

/** Answers why that ended early, where it did. */
function send(socket: Socket, { input, digest }: Means): () => Error | undefined {
  let failure: Error | undefined;
  input.once("error", (error) => {
    failure = error;
    socket.destroy();
  });
  // What was refused is sent no further, and the reason is on its way.
  socket.on("error", () => undefined);
  socket.write(`${JSON.stringify({ digest: digest ?? null } satisfies ImportHandOver)}\n`);
  input.pipe(socket);
  return () => failure;
}

/** The agent's last word; throws where it went without one. */
async function hear(socket: Socket, failure: () => Error | undefined, { say, times, digest }: Means): Promise<Told> {
  const told: Told = { effectiveDigest: "", isAsked: false };
  const silent = new BulkheadError("DEADLINE_EXCEEDED", "the agent has stopped to take the file in", { remedy: again });
  socket.setTimeout(times.silentForMs, () => socket.destroy(silent));
  try {
    for await (const line of linesOf(socket)) {
      const report = readReport(line);
      say(report);
      if (report.event === "offered") told.effectiveDigest = heldTo(digest, report.effectiveDigest);
      if (report.event === "refused") return { ...told, isAsked: false };
      // Asked for that, the verifier may have the agent itself restarted.
      if (report.event === "installing") told.isAsked = true;
    }
  } catch (cause) {
    if (told.isAsked) return told;
    throw cause instanceof BulkheadError ? cause : goneEarly(failure(), cause);
  }
  if (told.isAsked) return told;
  throw goneEarly(failure());
}

function readReport(line: string): ImportReport {
  const report = importReportSchema.safeParse(parseJson(line));
  if (report.success) return report.data;
  throw new BulkheadError("PROTOCOL_INVALID", "the agent says what is no report", { remedy: again });
}

function heldTo(meant: string | undefined, found: string): string {
  if (meant === undefined || meant === found) return found;
  throw new BulkheadError("EXPORT_INVALID", `by the agent's word the file has ${found}, and ${meant} is meant`, {
    remedy: "bring the file that `bulkhead export` wrote of that release",
  });
}

const again = "bring it again; the device's log says more";

function goneEarly(failure: Error | undefined, cause: unknown = failure): BulkheadError {
  if (failure) {
    return new BulkheadError("FILE_UNREADABLE", `the file cannot be read to its end: ${failure.message}`, { cause });
  }
  return new BulkheadError("PEER_GONE", "the agent ended before it had the whole file", { cause, remedy: again });
}

/** A handful of lines, whatever the agent may be. */
const maxSaid = 16_384;

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = "";
  let count = 0;
  for await (const chunk of socket.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    count += lines.length;
    if (rest.length > maxImportLineBytes || count > maxSaid) {
      throw new BulkheadError("PROTOCOL_INVALID", "the agent says more than there is to say", { remedy: again });
    }
    yield* lines;
  }
}

async function gone(visit: DeskVisit): Promise<never> {
  await visit.ended;
  throw new BulkheadError("PEER_GONE", "the root server restarts", { remedy: "bring the file again when it is back" });
}

async function tooLate(comesWithinMs: number): Promise<never> {
  await delay(comesWithinMs, undefined, { ref: false });
  throw new BulkheadError("DEADLINE_EXCEEDED", `the agent did not come within ${comesWithinMs / 60_000} minutes`, {
    remedy: "bring the file again; if it does not come then either, the device's log says why it does not run",
  });
}

type Watch = {
  readonly desk: string;
  readonly visit: DeskVisit;
  readonly outcomes: readonly OutcomeEvent[];
  readonly means: Means;
};

/** Told on the visit; where all is restarted with the release that ends, and the newest outcome is asked for when the desk is there again. */
async function outcomeOf(digest: string, { desk, visit, outcomes, means }: Watch): Promise<BringEvent> {
  const { judgedWithinMs, lookEveryMs } = means.times;
  const endMs = performance.now() + judgedWithinMs;
  let isThere = true;
  void visit.ended.then(() => {
    isThere = false;
  });
  while (performance.now() < endMs) {
    const found =
      outcomes.find(({ releaseDigest }) => releaseDigest === digest) ?? (isThere ? undefined : await look(desk));
    if (found?.releaseDigest === digest) return found;
    await delay(lookEveryMs);
  }
  return { event: "unknown", message: `nothing was heard of it for ${judgedWithinMs / 60_000} minutes` };
}

/** Undefined while nobody is at the desk, or the trial goes on. */
async function look(desk: string): Promise<OutcomeEvent | undefined> {
  const visit = await visitDesk(desk).catch(() => undefined);
  const answer = await visit?.ask({ kind: "update" }).catch(() => undefined);
  visit?.close();
  if (answer?.kind !== "update" || answer.releaseDigest === undefined) return undefined;
  const { state: outcome, reason, releaseDigest } = answer;
  if (outcome !== "committed" && outcome !== "rolled-back") return undefined;
  return { event: "outcome", releaseDigest, outcome, reason };
}
