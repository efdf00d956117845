/** What is needed of a schema: those of `zod` and of the smaller `zod/mini` have it alike. */
import type { $ZodType } from "zod/v4/core";

/** Checks a value. */
export type Schema<T = unknown> = { safeParse(value: unknown): Parsed<T> };

type Parsed<T> =
  | { success: true; data: T }
  | { success: false; error: { issues: readonly { message: string; path: readonly PropertyKey[] }[] } };

/** Of an interface. */
export type AnySchema = $ZodType & Schema;
