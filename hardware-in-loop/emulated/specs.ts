/** Runs specifications of the checkout in a guest, by the same vitest that runs them on the host, and reads its verdicts. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeAddOns } from "./add-ons.ts";
import type { EmulatedBoard } from "./boards/board.ts";
import { repository } from "./cache.ts";
import { runInGuest } from "./guest.ts";

/** vitest's report, as far as it is read here. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

export type FileVerdict = {
  readonly passed: readonly string[];
  readonly skipped: readonly string[];
  /** Name and words of each test that failed, and of the file where it did as a whole. */
  readonly failed: readonly string[];
};

export type Verdicts = {
  readonly kernel: string;
  /** From power to the first command. */
  readonly shellMs: number | null;
  readonly wallMs: number;
  /** By path in the checkout. */
  readonly files: Readonly<Record<string, FileVerdict>>;
};

/** The longest run takes ten minutes of two processors; a machine that others use as well gives a part of them. */
const boundMs = 90 * 60_000;

/** vitest's report leaves out why. */
const setUpFailed = "the file failed as a whole: its set-up, most likely; the guest's output above says more";

/** What vitest is told besides the paths, how urgent the guest is, and its memory (2 GiB where it is not said). */
export type RunOptions = {
  readonly vitest: readonly string[];
  readonly nice: number;
  readonly memoryMiB?: number;
  /** The native code of drivers is compiled for the board first. */
  readonly addOns?: boolean;
  /** Makes a folder of the checkout that git does not know and the specifications need. */
  readonly makeFolder?: () => Promise<string>;
};

/** Files ending in .spec.ts. */
export const specifications: RunOptions = { vitest: ["--project", "integration", "--project", "alone"], nice: 0 };
/** Files ending in .prove.ts. */
export const proofs: RunOptions = { vitest: ["--config", "vitest.prove.config.ts"], nice: 0 };
/** Files ending in .board.ts, which need a board's devices. */
export const boardSpecs: RunOptions = { vitest: ["--config", "vitest.board.config.ts"], nice: 0, addOns: true };
/** Those that measure time. */
export const measurements: RunOptions = { ...proofs, nice: -20 };

/** Rejects with the guest's last words where it ended without a report. */
export async function runSpecs(
  board: EmulatedBoard,
  paths: readonly string[],
  options: RunOptions = specifications,
): Promise<Verdicts> {
  const inside = "./hardware-in-loop/emulated/inside";
  const node = ["node", "--import", `${inside}/older-node.mjs`, "--import", `${inside}/patience.mjs`];
  const vitest = [...node, "node_modules/vitest/vitest.mjs", "run", ...options.vitest];
  const reporters = ["--reporter=verbose", "--reporter=json", "--outputFile.json=/run/report"];
  const outcome = await runInGuest({
    board,
    // In groups that a sandbox must drop: Debian's Node cannot join any, since its libuv might use io_uring.
    argv: ["setpriv", "--groups", "27,1234", "env", "NO_COLOR=1", ...vitest, ...reporters, ...paths],
    processors: 2,
    memoryMiB: options.memoryMiB ?? 2048,
    nice: options.nice,
    boundMs,
    moreFolders: await makeFolders(board, options),
    onOutput: (text) => process.stderr.write(text),
  });
  await keepConsole(board, outcome.console);
  if (outcome.report === "") {
    throw new Error(
      `the guest ended without a report\n${outcome.output.slice(-4000)}\n${outcome.console.slice(-4000)}`,
    );
  }
  const { testResults } = reportSchema.parse(JSON.parse(outcome.report));
  const files = testResults.map((file) => [file.name.replace(/^\/work\//, ""), verdictOf(file)] as const);
  const { kernel, shellMs, wallMs } = outcome;
  return { kernel, shellMs, wallMs, files: Object.fromEntries(files) };
}

async function makeFolders({ architecture }: EmulatedBoard, { addOns, makeFolder }: RunOptions): Promise<string[]> {
  return [...(addOns ? [await makeAddOns(architecture)] : []), ...(makeFolder ? [await makeFolder()] : [])];
}

/** Of the newest run of each board, for whoever wants to know why. */
async function keepConsole({ name }: EmulatedBoard, text: string): Promise<void> {
  const folder = join(repository, ".cache", "consoles");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.log`), text);
}

function verdictOf(file: z.infer<typeof reportSchema>["testResults"][number]): FileVerdict {
  const named = (status: (text: string) => boolean) => file.assertionResults.filter((test) => status(test.status));
  const failed = named((status) => status === "failed").map((test) => `${test.fullName}: ${test.failureMessages[0]}`);
  return {
    passed: named((status) => status === "passed").map((test) => test.fullName),
    skipped: named((status) => status !== "passed" && status !== "failed").map((test) => test.fullName),
    failed: file.status === "passed" || failed.length > 0 ? failed : [file.message || setUpFailed],
  };
}
