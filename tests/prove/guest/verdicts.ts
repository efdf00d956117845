/** The form that the proofs in guests share: a table of specification files, each with the tests that it may skip there. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EmulatedBoard } from "../../../hardware-in-loop/emulated/boards/board.ts";
import { type RunOptions, runSpecs, type Verdicts } from "../../../hardware-in-loop/emulated/specs.ts";

/** By path in the checkout. A test that is skipped without being named here is a failure, as one that fails is. */
export type Specs = Readonly<Record<string, readonly string[]>>;

/** One boot of one guest; a test for each file. To be called within `describe`. */
export function proveInGuest(board: EmulatedBoard, specs: Specs, options?: RunOptions): void {
  let verdicts: Verdicts;
  beforeAll(async () => {
    verdicts = await runSpecs(board, Object.keys(specs), options);
  });
  afterAll(() => {
    const lines = Object.entries(verdicts?.files ?? {}).map(
      ([path, { passed, skipped }]) => `  ${path}: ${passed.length} passed, ${skipped.length} skipped`,
    );
    const [shell, whole] = [verdicts?.shellMs, verdicts?.wallMs].map((ms) => Math.round((ms ?? 0) / 1000));
    const title = `Linux ${verdicts?.kernel}, ${shell} s to the first command, ${whole} s in all`;
    process.stderr.write(`${[title, ...lines].join("\n")}\n`);
  });

  test.each(Object.entries(specs))("%s holds", (path, mayBeSkipped) => {
    const verdict = verdicts.files[path];
    expect(verdict?.failed).toEqual([]);
    expect(verdict?.passed.length).toBeGreaterThan(0);
    expect(verdict?.skipped).toEqual(mayBeSkipped);
  });
}
