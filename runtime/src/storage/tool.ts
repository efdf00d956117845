/**
 * Runs one program on an image, for a bounded time. One that hangs in the kernel does not even hear SIGKILL: it is given
 * up then, and nothing else touches its image while it is there.
 */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { programEnvironment } from "../sandbox/programs.ts";

const baseLimitMs = 60_000;
const perGiBMs = 60_000;
/** A process that was killed has gone by then, unless the kernel holds it. */
const killedMs = 2_000;

/** How long anything may take with an image: slow cards read 5 MB/s, and a check reads its tables. */
export function toolLimitMs(imageBytes: number): number {
  return baseLimitMs + perGiBMs * Math.ceil(imageBytes / 1024 ** 3);
}

export type Ran = { readonly exitCode: number | undefined; readonly stderr: string; readonly failed: boolean };

/** Images that a program which was given up may still be at work on. */
const abandoned = new Map<string, string>();

/** Runs `program` on the image `path`. Throws STORAGE_UNAVAILABLE where it does not end within `limitMs`. */
export async function runTool(program: string, args: readonly string[], path: string, limitMs: number): Promise<Ran> {
  const busy = abandoned.get(path);
  if (busy !== undefined) throw unavailable(`${busy} is still at work on ${path} since its time was over`);
  const options = {
    reject: false,
    env: programEnvironment,
    stdin: "ignore",
    timeout: limitMs,
    killSignal: "SIGKILL",
  } as const;
  const running = execa(program, args, options).then((result) => {
    abandoned.delete(path);
    return { ...result, words: result.stderr.trim() || (result.shortMessage ?? "") };
  });
  const ended = await within(limitMs + killedMs, running);
  if (ended && !ended.timedOut) return { exitCode: ended.exitCode, stderr: ended.words, failed: ended.failed };
  if (!ended) abandoned.set(path, program);
  throw unavailable(`${program} did not end within ${limitMs} ms on ${path}`);
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

export function unavailable(message: string): BulkheadError {
  return new BulkheadError("STORAGE_UNAVAILABLE", message, {
    remedy: "look at the device's disk; restart the component to try again",
  });
}
