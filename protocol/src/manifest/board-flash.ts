/** How an image gets onto a board. */
import { z } from "zod";

/** Words of a command line; `{image}` and `{boot-loader}` stand for files. */
const argument = z
  .string()
  .regex(/^(\{image\}|\{boot-loader\}|[A-Za-z0-9_.:=-]{1,64})$/, "an argument is a word, {image} or {boot-loader}");

export const boardFlash = z.strictObject({
  card: z.boolean().describe("An image can be written to a card or a disk that this machine sees."),
  usb: z
    .strictObject({
      program: z.enum(["uuu", "fastboot"]).describe("What speaks to the board's first program."),
      arguments: z.array(argument).min(1).max(16).describe("`{image}` and `{boot-loader}` stand for files."),
      prepare: z.string().min(1).max(300).describe("What a person does at the board before."),
    })
    .optional()
    .describe("By a USB cable, into the board's own memory."),
});
export type BoardFlash = z.output<typeof boardFlash>;
