/** What came of a run: the file `report.json`, which the page is drawn from and other programs read. */
import { z } from "zod";
import { measurementSchema } from "../suite/measurement.ts";

export const reportSchema = z.strictObject({
  format: z.literal(1),
  station: z.string(),
  title: z.string(),
  board: z.string(),
  capabilities: z.array(z.string()),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  /** Of what ran: release, kernel, Node, emulator; empty where the board was never reached. */
  versions: z.record(z.string(), z.string()),
  tests: z.array(
    z.strictObject({
      suite: z.string(),
      title: z.string(),
      result: z.enum(["passed", "failed", "skipped"]),
      durationMs: z.number(),
      /** Why it failed or was left out. */
      reason: z.string().optional(),
      measurements: z.array(measurementSchema),
    }),
  ),
  /** What went wrong outside of any test. */
  errors: z.array(z.string()),
  /** All that the board's console said. */
  console: z.string(),
});
export type Report = z.infer<typeof reportSchema>;
export type Result = Report["tests"][number]["result"];

/** How many tests ended so; an error outside of all tests is a failure more. */
export function countOf({ tests, errors }: Pick<Report, "tests" | "errors">, result: Result): number {
  const counted = tests.filter((test) => test.result === result).length;
  return result === "failed" ? counted + errors.length : counted;
}
