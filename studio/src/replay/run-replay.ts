/** Replays in a process of its own, which may read the record and its own code, and nothing else. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, isErrorCode } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";
import { generateFrom } from "../build/bundle.ts";
import { generatedEntry, replayEntry } from "../build/entry.ts";

const differenceSchema = z.object({
  kind: z.enum(["differs", "missing", "extra", "timer"]),
  turn: z.int(),
  output: z.int(),
  atMs: z.number(),
  after: z.string(),
  expected: z.string().nullable(),
  found: z.string().nullable(),
});
const replayedSchema = z.object({
  component: z.string(),
  difference: differenceSchema.nullable(),
  outputs: z.int(),
  turns: z.int(),
  ended: z.enum(["exit", "cut", "full"]),
  tookMs: z.number(),
});
export type Replayed = z.infer<typeof replayedSchema>;

const failedSchema = z.object({
  failed: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
});
const answerSchema = z.union([failedSchema, replayedSchema]);

/**
 * Plays `record` to the component in the file `entry`.
 *
 * @throws BulkheadError BUILD_FAILED, RECORD_DAMAGED, DEADLINE_EXCEEDED where it does not end in time
 */
export async function runReplay(entry: string, record: string, timeoutMs: number): Promise<Replayed> {
  const program = await generateFrom(generatedEntry, [replayEntry(entry)], entry);
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-replay-"));
  try {
    const file = join(directory, "replay.mjs");
    await writeFile(file, program);
    const permissions = ["--permission", `--allow-fs-read=${file}`, `--allow-fs-read=${record}`];
    const child = await execa(process.execPath, [...permissions, file, record], {
      // The result comes by a descriptor of its own: what the component prints is not mistaken for it.
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: {},
      extendEnv: false,
      timeout: timeoutMs,
      forceKillAfterDelay: 1000,
      reject: false,
    });
    if (child.timedOut) {
      throw new BulkheadError("DEADLINE_EXCEEDED", `the replay did not end within ${timeoutMs / 1000} s`, {
        remedy: "give it more --timeout; a component that hung when it was recorded hangs again",
      });
    }
    return parse(child.stdio[3], /^\w*Error.*$/m.exec(child.stderr)?.[0] ?? child.shortMessage ?? "it said nothing");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function parse(text: unknown, reason: string): Replayed {
  if (typeof text !== "string" || text === "") {
    throw new BulkheadError("BUILD_FAILED", `the component cannot be replayed: ${reason}`);
  }
  const answer = answerSchema.parse(JSON.parse(text));
  if (!("failed" in answer)) return answer;
  const { code, message, remedy } = answer.failed;
  throw new BulkheadError(isErrorCode(code) ? code : "INTERNAL", message, remedy === undefined ? {} : { remedy });
}
