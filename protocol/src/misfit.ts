/** What does not fit a schema, in words: the first few issues and how many more, however many a peer's value has. */
import { z } from "zod";

const maxIssues = 8;
const maxCharacters = 2000;
/** As much of a stack as anybody reads. */
const maxStack = 8000;

/** An error that a schema threw. By its form: a component's bundle may hold a zod of its own. */
function isMisfit(error: unknown): error is z.ZodError {
  return error instanceof Error && error.name.endsWith("ZodError") && "issues" in error && Array.isArray(error.issues);
}

/**
 * The first issues of `error`, in at most `limit` characters. A value of one frame can have 65 536 wrong items, and their
 * text takes millions of characters: `error.message` and `error.stack` are not for what came from a peer.
 *
 * @example describeMisfit(z.number().safeParse("7").error)  // "✖ Invalid input: expected number, received string"
 */
export function describeMisfit({ issues }: z.ZodError, limit: number = maxCharacters): string {
  const more = issues.length > maxIssues ? ` (and ${issues.length - maxIssues} more)` : "";
  const text = z.prettifyError(new z.ZodError(issues.slice(0, maxIssues)));
  return `${text.slice(0, Math.max(0, limit - more.length))}${more}`;
}

/** The message of anything that was thrown, short where a schema threw it. */
export function messageOf(error: unknown): string {
  if (isMisfit(error)) return describeMisfit(error);
  return error instanceof Error ? error.message : String(error);
}

/** The same for a log: with the stack, where there is one. */
export function describeCause(error: unknown): string {
  if (isMisfit(error)) return describeMisfit(error);
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, maxStack);
}
