/** What the bench's loader is given: the card, the emulator, and what of each slot the emulator is to load. */
import { z } from "zod";

const slotFilesSchema = z.strictObject({
  kernel: z.string(),
  archive: z.string(),
  deviceTree: z.string(),
  /** The kernel's command line, but for what a trial adds. */
  words: z.string(),
});

export const planSchema = z.strictObject({
  /** The file that is the board's disk, with the records of slots. */
  card: z.string(),
  /** The socket of the board's console. */
  console: z.string(),
  /** The emulator, with all that does not change from start to start. */
  command: z.array(z.string()).min(1),
  slots: z.strictObject({ a: slotFilesSchema, b: slotFilesSchema }),
});
export type Plan = z.infer<typeof planSchema>;
