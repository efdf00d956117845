/** What a store knows beside its segments: how far its reader is, and what was lost in front of which entry. */
import { z } from "zod";
import type { StoreFiles } from "./files.ts";

const stateFile = "state.json";
const stateSchema = z.strictObject({
  format: z.literal(1),
  /** Number of the next entry to read. */
  next: z.number().int().nonnegative(),
  /** Entries that were lost directly in front of the entry `before`. */
  lost: z.strictObject({ before: z.number().int().nonnegative(), count: z.number().int().nonnegative() }),
});
export type State = z.infer<typeof stateSchema>;

/** Never throws for what it finds: without it entries come twice, which their receiver knows, and a count is lost. */
export async function readState(files: StoreFiles): Promise<State> {
  const nothing: State = { format: 1, next: 0, lost: { before: 0, count: 0 } };
  if (!(await files.list()).some(({ name }) => name === stateFile)) return nothing;
  try {
    return stateSchema.parse(JSON.parse(await files.read(stateFile)));
  } catch {
    return nothing;
  }
}

export async function writeState(files: StoreFiles, state: State, durable: boolean): Promise<void> {
  await files.replace(stateFile, JSON.stringify(state), durable);
}
