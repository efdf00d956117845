/** The root server's end of a question: makes the resolver's sandbox, asks, takes one line, and sees that nothing is left. */
import type { Duplex } from "node:stream";
import type { Answer } from "@bulkhead/protocol";
import { boardsNetwork, type Mount, nodeInside, nodeMounts, type Sandbox, type SandboxSpec } from "../sandbox/index.ts";
import { answerSchema, firstLine, type Question } from "./messages.ts";

/** Two questions, each twice to three resolvers, with some time for a slow board to start a Node. */
const patienceMs = 30_000;
const mebibyte = 1024 * 1024;

export type ResolverPlace = {
  /** The directory with the program, and a Node; both must be readable for `uid`. */
  readonly programDir: string;
  readonly nodePath: string;
  readonly uid: number | null;
  readonly cgroup: string;
  /** What it says on standard output and standard error goes there: nothing, while all is well. */
  readonly stdout: number;
};

/** What the resolver's sandbox is: a Node, its program, the uplink's network, and no more. */
export async function resolverSpec(place: ResolverPlace): Promise<SandboxSpec> {
  const program: Mount = { kind: "ro", source: place.programDir, target: "/app" };
  return {
    name: "resolver",
    uid: place.uid,
    command: [nodeInside, "--max-old-space-size=16", "--max-semi-space-size=1", "/app/main.js"],
    environment: { PATH: "/node/bin", HOME: "/tmp", LANG: "C.UTF-8" },
    mounts: [...(await nodeMounts(place.nodePath)), program],
    profile: "resolver",
    networkNamespace: boardsNetwork,
    capabilities: [],
    limits: { memoryBytes: 48 * mebibyte, processes: 24, files: 64, cpu: { class: "fair", weight: 100 } },
    cgroup: place.cgroup,
    stdout: place.stdout,
    requires: [],
  };
}

/** Never throws: whatever goes wrong is why there is no answer. `launch`: starts the resolver's sandbox. */
export async function ask(question: Question, launch: () => Promise<Sandbox>, waitMs = patienceMs): Promise<Answer> {
  let sandbox: Sandbox | undefined;
  try {
    sandbox = await launch();
    const line = await exchange(sandbox.control, `${JSON.stringify(question)}\n`, waitMs);
    return answerSchema.parse(JSON.parse(line));
  } catch (error) {
    const why = error instanceof Error && error.name !== "ZodError" ? error.message : "its answer is no answer";
    return { addresses: [], failure: `the resolver: ${why}`.slice(0, 200) };
  } finally {
    sandbox?.kill();
    await sandbox?.exited;
  }
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
