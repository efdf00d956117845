/** What commands write: results on standard output, for a person or (`--json`) for a program; progress on standard error. */

/** The `--json` option, the same in every command. */
export const jsonOption = {
  json: { type: "boolean", description: "Print the result as JSON." },
} as const;

/** `| head` closes the pipe when it has seen enough: then there is nothing more to do. */
export function endWithReader(): void {
  process.stdout.once("error", () => process.exit());
}

/** Prints `result` as one line of JSON with `ok: true`, or `text` for a person. */
export function printResult(asJson: boolean | undefined, result: Record<string, unknown>, text: string): void {
  endWithReader();
  process.stdout.write(asJson ? `${JSON.stringify({ ok: true, ...result })}\n` : `${text}\n`);
}

/** Does `work`; when it takes more than a second, says on standard error what is being waited for, and how long it took. */
export async function withProgress<T>(text: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    process.stderr.write(`${text} …\n`);
  }, 1_000);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (shown) process.stderr.write(`${text}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  }
}
