/** Several stations, one after another: what came of each, and of all. */
import { formatError, reportError } from "@bulkhead/protocol";
import { Interruption } from "../../studio/src/cli/interruption.ts";
import { countOf } from "../report/report.ts";
import type { Run } from "./one.ts";

export type Outcome = {
  readonly name: string;
  readonly durationMs: number;
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number };
  /** Why there are no more counts than these. */
  readonly error?: string;
  /** Nothing failed and something passed. */
  readonly isGood: boolean;
};

/** Runs them in turn. One that fails, be it before its first test, keeps no other from its turn, and is a failure. */
export async function runInTurn(
  names: readonly string[],
  runOne: (name: string) => Promise<Run>,
  nowMs: () => number = () => performance.now(),
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const name of names) {
    const startMs = nowMs();
    const ran = await runOne(name).then(countsOf, failedBy);
    outcomes.push({ name, durationMs: nowMs() - startMs, ...ran });
  }
  return outcomes;
}

function failedBy(error: unknown): Omit<Outcome, "name" | "durationMs"> {
  if (error instanceof Interruption) throw error;
  return { counts: { passed: 0, failed: 1, skipped: 0 }, error: formatError(reportError(error)), isGood: false };
}

function countsOf({ report, exitCode }: Run): Pick<Outcome, "counts" | "isGood"> {
  const [passed, failed, skipped] = [countOf(report, "passed"), countOf(report, "failed"), countOf(report, "skipped")];
  return { counts: { passed, failed, skipped }, isGood: exitCode === 0 && passed > 0 && failed === 0 };
}

/** A line for each station that ran and one for those that did not, why some have no result, and at last `N passed, N failed`. */
export function describeOutcomes(outcomes: readonly Outcome[], leftOut: readonly string[]): string {
  const width = Math.max(...outcomes.map(({ name }) => name.length));
  const lines = outcomes.map(({ name, durationMs, counts: { passed, failed, skipped }, error }) => {
    const said = error === undefined ? `${passed} passed, ${failed} failed, ${skipped} left out` : "no result";
    return `${name.padEnd(width)}  ${duration(durationMs).padStart(6)}  ${said}`;
  });
  const sum = (of: "passed" | "failed") => outcomes.reduce((all, { counts }) => all + counts[of], 0);
  return [
    ...lines,
    ...(leftOut.length > 0 ? [`not run, for they need a board on a bench: ${leftOut.join(", ")}`] : []),
    ...outcomes.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`])),
    `${sum("passed")} passed, ${sum("failed")} failed`,
    "",
  ].join("\n");
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
