/** The result of `--check` as a table for people. */
import type { ProofResult } from "./proof.ts";

const marks = { holds: "✓", reduced: "~", fails: "✗" } as const;

/** One line a proof, its facts below it; a last line sums up. */
export function formatTable(results: readonly ProofResult[], totalMs: number): string {
  const width = Math.max(...results.map((result) => result.title.length));
  const lines = results.flatMap((result) => [
    `${marks[result.outcome]} ${String(result.number).padStart(2)}  ${result.title.padEnd(width)}  ${seconds(result.durationMs).padStart(7)}  ${result.outcome}`,
    ...result.facts.map((fact) => `        ${fact.holds ? (fact.reduced ? "~" : "·") : "✗"} ${fact.text}`),
  ]);
  const failed = results.filter((result) => result.outcome === "fails").length;
  return `${lines.join("\n")}\n\n${results.length - failed} passed, ${failed} failed in ${seconds(totalMs)}\n`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
