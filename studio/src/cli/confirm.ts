/** Asks before something that disturbs a running device. */
import { createInterface } from "node:readline/promises";
import { BulkheadError } from "@bulkhead/protocol";

/** The `--yes` option of every command that asks. */
export const yesOption = {
  yes: { type: "boolean", alias: "y", description: "Do not ask." },
} as const;

/** True where a person at the terminal agrees. Throws USAGE where there is no terminal to ask at. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new BulkheadError("USAGE", `nobody can be asked: ${question}`, { remedy: "give --yes where no terminal is" });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const abandoned = new AbortController();
  terminal.on("close", () => abandoned.abort());
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: abandoned.signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}
