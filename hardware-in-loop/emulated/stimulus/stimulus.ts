/** What the world does to a board, and what it sees of it, by name: the same for emulated boards and for a bench with wires. */
import { z } from "zod";

export type Level = 0 | 1;

export type Stimulus = {
  /** Drives the input `line` of the board's GPIO controller `bank`. */
  pin(bank: number, line: number, level: Level): Promise<void>;
  /** What is at the output `line` since it was first asked for in its bank; null: it has not changed since. */
  output(bank: number, line: number): Promise<Level | null>;
  /** Of the device that the board calls `id`. */
  temperature(id: string, milliCelsius: number): Promise<void>;
  /** Sends a break on the UART at whose other end `end` is. */
  lineBreak(end: string): Promise<void>;
};

const level = z.union([z.literal(0), z.literal(1)]);
const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const index = z.int().min(0).max(1023);

/** A request, as it goes over the control line. */
export const requestSchema = z.discriminatedUnion("what", [
  z.strictObject({ what: z.literal("pin"), bank: index, line: index, level }),
  z.strictObject({ what: z.literal("output"), bank: index, line: index }),
  z.strictObject({ what: z.literal("temperature"), id: name, milliCelsius: z.int().min(-273_150).max(1_000_000) }),
  z.strictObject({ what: z.literal("break"), end: name }),
]);
export type StimulusRequest = z.infer<typeof requestSchema>;

export const answerSchema = z.union([
  z.strictObject({ level: level.nullable() }),
  z.strictObject({ done: z.literal(true) }),
  z.strictObject({ refused: z.string() }),
]);
export type StimulusAnswer = z.infer<typeof answerSchema>;
