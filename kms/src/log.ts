/** The KMS's own log: one JSON object a line on stderr. Callers never pass secrets. */
export type Log = (level: "info" | "warn" | "error", text: string, fields?: Record<string, unknown>) => void;

export const log: Log = (level, text, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, text, ...fields })}\n`);
};

/** What a log line says about a thrown value: its chain of causes, without stacks. */
export function describeError(error: unknown): string {
  const words: string[] = [];
  for (
    let cause = error;
    cause !== undefined && words.length < 5;
    cause = cause instanceof Error ? cause.cause : undefined
  ) {
    words.push(cause instanceof Error ? cause.message : String(cause));
  }
  return words.join(": ");
}
