/** What a store knows beside its segments: how far its reader is, and what was lost in front of which entry. */
import { lossesSchema } from "@bulkhead/protocol";
import { z } from "zod";
import type { StoreFiles } from "./files.ts";

const stateFile = "state.json";
const stateSchema = z.strictObject({
  format: z.literal(2),
  /** Number of the next entry to read. */
  next: z.number().int().nonnegative(),
  /** What was lost directly in front of the entry `before`. */
  lost: z.strictObject({ before: z.number().int().nonnegative(), losses: lossesSchema }),
});
export type State = z.infer<typeof stateSchema>;

export const newState = (): State => ({ format: 2, next: 0, lost: { before: 0, losses: [] } });

/** Undefined where there is none that can be read: entries come twice then, which their receiver knows. Never throws. */
export async function readState(files: StoreFiles): Promise<State | undefined> {
  if (!(await files.list()).some(({ name }) => name === stateFile)) return undefined;
  try {
    return stateSchema.parse(JSON.parse(await files.read(stateFile)));
  } catch {
    return undefined;
  }
}

/** Resolves when it outlives a power cut. */
export async function writeState(files: StoreFiles, state: State): Promise<void> {
  await files.replace(stateFile, JSON.stringify(state));
}
