/** The order in which a bench writes a board. What was taken from the board is given back to it, whatever came of the writing. */
import type { Power } from "../power.ts";

export type FlashSteps = {
  readonly power: Power;
  /** Brings what is written to the bench, while the board has no power. */
  before(): Promise<void>;
  write(): Promise<void>;
  after(): Promise<void>;
  /** Whether the board itself writes, in a mode of its first program that `before` has set. */
  readonly isBoardWriting: boolean;
};

/** Ends with the board under power. Throws what failed first; without power where the bench cannot give back what it took. */
export async function takeSteps({ power, before, write, after, isBoardWriting }: FlashSteps): Promise<void> {
  // A board that cannot be switched off is left as it is.
  await power.off();
  const failures = [
    await failureOf(async () => {
      await before();
      if (isBoardWriting) await power.on();
      await write();
    }),
    await failureOf(async () => {
      if (isBoardWriting) await power.off();
      await after();
      await power.on();
    }),
  ];
  for (const { error } of failures.filter((one) => one !== undefined)) throw error;
}

/** A rejection, whatever its reason is. */
async function failureOf(work: () => Promise<void>): Promise<{ error: unknown } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return { error };
  }
}
