/** This program where the root server is: asks it, does the part that needs its namespaces, and says on standard output how it goes. */
import { BulkheadError, nameSchema, type OperatorAnswer } from "@bulkhead/protocol";
import { z } from "zod";
import { runGdb } from "./gdb.ts";
import { openInspector } from "./inspector.ts";
import { visitDesk } from "./visit.ts";

const argumentsSchema = z.tuple(
  [z.string(), z.string(), z.string(), z.enum(["inspector", "gdb", "record"]), nameSchema],
  z.string(),
);

/** What is told outside: one JSON document a line. */
export type InsideEvent =
  | { readonly event: "listening"; readonly socket: string; readonly incarnation: number }
  | { readonly event: "recording"; readonly file: string; readonly maxBytes: number }
  | { readonly event: "ended" };

const say = (event: InsideEvent) => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** `argv`: run directory, Node, this program, what is wanted, of whom, and what more there is to say. */
export async function runInside(argv: readonly string[]): Promise<number> {
  const [runDir, nodePath, program, what, component, ...more] = argumentsSchema.parse(argv);
  const desk = await visitDesk(`${runDir}/operator/socket`);
  const answer = await desk.ask(
    what === "record"
      ? { kind: "record", component, maxBytes: more[0] === undefined ? null : Number(more[0]) }
      : { kind: "attach", component, tool: what },
  );
  if (what === "gdb") return runGdb(expectAttached(answer), more);
  if (what === "inspector") {
    const attached = expectAttached(answer);
    const socket = `${runDir}/operator/${component}`;
    await openInspector({ pid: attached.pid, socket, nodePath, program });
    say({ event: "listening", socket, incarnation: attached.incarnation });
    await Promise.race([desk.ended, inputEnds()]);
    say({ event: "ended" });
    return 0;
  }
  if (answer.kind !== "recording") throw unexpected(answer);
  say({ event: "recording", file: answer.file, maxBytes: answer.maxBytes });
  // A line asks for the end; the file is there for whoever holds this open.
  await Promise.race([desk.ended, inputLine()]);
  desk.tell({ kind: "finish" });
  await desk.ended;
  say({ event: "ended" });
  await inputEnds();
  return 0;
}

type Attached = Extract<OperatorAnswer, { kind: "attached" }>;

function expectAttached(answer: OperatorAnswer): Attached {
  if (answer.kind === "attached") return answer;
  throw unexpected(answer);
}

/** What the root server refuses it says in the words of a coded error, which `ask` throws; this is another version's. */
function unexpected({ kind }: OperatorAnswer): BulkheadError {
  return new BulkheadError("INTERNAL", `the root server answered ${kind}`);
}

const inputEnds = () =>
  new Promise<void>((resolve) => void process.stdin.resume().once("end", resolve).once("close", resolve));
const inputLine = () =>
  new Promise<void>(
    (resolve) =>
      void process.stdin
        .resume()
        .once("data", () => resolve())
        .once("end", resolve),
  );
