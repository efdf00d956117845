/**
 * A rollback statement: the release keys' word, signed beside a release in the targets, that devices which have committed a later one may go
 * back to it. Without one a device takes nothing below the highest release counter that it has committed (decision 63).
 */
import { z } from "zod";
import { BulkheadError } from "./errors.ts";

export const releaseCounterSchema = z.number().int().positive();

const customSchema = z.object({ rollbackFrom: releaseCounterSchema.optional() }).optional();

/**
 * The highest committed counter from which devices may go back to `target`; undefined: they may not. `custom`: what the targets say of it. Throws
 * RELEASE_METADATA_INVALID where that is something else than a counter.
 */
export function rollbackFromOf(custom: unknown, target: string): number | undefined {
  const parsed = customSchema.safeParse(custom);
  if (parsed.success) return parsed.data?.rollbackFrom;
  throw new BulkheadError(
    "RELEASE_METADATA_INVALID",
    `the targets do not say from where devices may go back to ${target}`,
    {
      cause: parsed.error,
      remedy: "sign it again: bulkhead rollback",
    },
  );
}

/** A release as far as its age is judged. */
export type Aged = { readonly releaseCounter: number; readonly rollbackFrom?: number | undefined };

/** Whether a device that has committed `committedCounter`, and runs another release, may take this one for its counter. */
export function isForward({ releaseCounter, rollbackFrom = 0 }: Aged, committedCounter: number): boolean {
  return releaseCounter > committedCounter || rollbackFrom >= committedCounter;
}
