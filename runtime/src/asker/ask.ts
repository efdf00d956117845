/** The root server's end of a question: makes the asker's sandbox, asks, takes one line, and sees that nothing is left. */
import type { Duplex } from "node:stream";
import type { Answer } from "@bulkhead/protocol";
import { boardsNetwork, type Mount, nodeInside, nodeMounts, type Sandbox, type SandboxSpec } from "../sandbox/index.ts";
import {
  answerSchema,
  firstLine,
  type NameQuestion,
  type Question,
  type TimeAnswer,
  type TimeQuestion,
  timeAnswerSchema,
} from "./messages.ts";

/** Two questions, each twice to three resolvers, or four to each time server, with some time for a slow board to start a Node. */
const patienceMs = 30_000;
const mebibyte = 1024 * 1024;

export type AskerPlace = {
  /** The directory with the program, and a Node; both must be readable for `uid`. */
  readonly programDir: string;
  readonly nodePath: string;
  readonly uid: number | null;
  readonly cgroup: string;
  /** What it says on standard output and standard error goes there: nothing, while all is well. */
  readonly stdout: number;
};

/** What the asker's sandbox is: a Node, its program, the uplink's network, and no more. */
export async function askerSpec(place: AskerPlace): Promise<SandboxSpec> {
  const program: Mount = { kind: "ro", source: place.programDir, target: "/app" };
  return {
    name: "asker",
    uid: place.uid,
    command: [nodeInside, "--max-old-space-size=16", "--max-semi-space-size=1", "/app/main.js"],
    environment: { PATH: "/node/bin", HOME: "/tmp", LANG: "C.UTF-8" },
    mounts: [...(await nodeMounts(place.nodePath)), program],
    profile: "asker",
    networkNamespace: boardsNetwork,
    capabilities: [],
    limits: { memoryBytes: 48 * mebibyte, processes: 24, files: 64, cpu: { class: "fair", weight: 100 } },
    cgroup: place.cgroup,
    stdout: place.stdout,
    requires: [],
  };
}

/** Never throws: whatever goes wrong is why there is no answer. `launch`: starts the asker's sandbox. */
export async function askName(question: NameQuestion, launch: Launch, waitMs = patienceMs): Promise<Answer> {
  try {
    return answerSchema.parse(await ask(question, launch, waitMs));
  } catch (error) {
    return { addresses: [], failure: `the resolver: ${reasonOf(error)}`.slice(0, 200) };
  }
}

/** As `askName`. */
export async function askTime(question: TimeQuestion, launch: Launch, waitMs = patienceMs): Promise<TimeAnswer> {
  try {
    return timeAnswerSchema.parse(await ask(question, launch, waitMs));
  } catch (error) {
    return { time: null, failure: `who asks for the time: ${reasonOf(error)}`.slice(0, 200), kisses: [] };
  }
}

type Launch = () => Promise<Sandbox>;

async function ask(question: Question, launch: Launch, waitMs: number): Promise<unknown> {
  const sandbox = await launch();
  try {
    return JSON.parse(await exchange(sandbox.control, `${JSON.stringify(question)}\n`, waitMs));
  } catch (error) {
    sandbox.kill();
    const { outOfMemoryKills } = await sandbox.ended;
    if ((outOfMemoryKills ?? 0) > 0) throw new Error("the kernel ended it, for it took more memory than it may");
    throw error;
  } finally {
    sandbox.kill();
    await sandbox.exited;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.name !== "ZodError" ? error.message : "its answer is no answer";
}

function exchange(control: Duplex, question: string, waitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const timer = setTimeout(() => reject(new Error(`no answer within ${waitMs} ms`)), waitMs);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      control.removeAllListeners("data");
      act();
    };
    control.on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      try {
        const line = firstLine(heard);
        if (line !== undefined) settle(() => resolve(line));
      } catch (error) {
        settle(() => reject(error));
      }
    });
    for (const event of ["end", "close", "error"]) {
      control.on(event, () => settle(() => reject(new Error("it ended without an answer"))));
    }
    control.write(question);
  });
}
