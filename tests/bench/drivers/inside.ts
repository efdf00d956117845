/** Runs one file of `inside/` in an emulated board, and gives what it reported. */
import type { z } from "zod";
import type { EmulatedBoard } from "../../../hardware-in-loop/emulated/boards/board.ts";
import { runInGuest } from "../../../hardware-in-loop/emulated/guest.ts";

/** A benchmark's title and tables, for reading, and the figures that they are made of. */
export type Measured = { readonly title: string; readonly tables: string[][][]; readonly figures: object };

export async function measureInside<T>(
  board: EmulatedBoard,
  name: string,
  schema: z.ZodType<T>,
  { processors, moreFolders = [] }: { readonly processors: number; readonly moreFolders?: readonly string[] },
): Promise<{ report: T; kernel: string }> {
  const outcome = await runInGuest({
    board,
    argv: ["node", `tests/bench/drivers/inside/${name}.ts`],
    processors,
    memoryMiB: 1024,
    nice: 0,
    boundMs: 20 * 60_000,
    moreFolders,
    onOutput: (text) => process.stderr.write(text),
  });
  if (outcome.report === "") throw new Error(`the guest ended without a report\n${outcome.console}`);
  return { report: schema.parse(JSON.parse(outcome.report)), kernel: outcome.kernel };
}
