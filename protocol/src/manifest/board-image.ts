/** What a board needs of an image that it starts from: `bulkhead image build` reads it, `bulkhead image ls` shows it. */
import { z } from "zod";
import { sizeBytes } from "./quantities.ts";

const debianPackage = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/);
/** Relative, and never upwards. */
const packedFile = z.string().regex(/^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_+./-]*$/);
/** One word of the kernel's command line. */
const word = z.string().regex(/^[\x21-\x7e]+$/);

export const boardImageWritten = z.strictObject({
  tier: z
    .enum(["built", "boot-loader", "board-support"])
    .describe(
      "built: the whole image is. boot-loader: what the board starts from has to be there, or be brought. board-support: its kernel and device tree as well.",
    ),
  kernel: debianPackage
    .optional()
    .describe("The Debian package of its kernel. Left out: the kernel has to be brought."),
  "device-tree": packedFile
    .optional()
    .describe("Its device tree among those of the kernel package. Left out: the boot loader has it."),
  console: word.describe("Where the kernel writes: ttyS0, ttyO0,115200n8."),
  "device-tree-overlay": packedFile
    .optional()
    .describe("In images/device-trees/: what it switches on of that device tree. Left out: the tree stays as it is."),
  modules: z
    .array(z.string().regex(/^[a-z0-9_]+$/))
    .default([])
    .describe("Kernel modules without which its disk is not seen."),
  "kernel-options": z.array(word).default([]).describe("More words of the kernel's command line."),
  "boot-loader": z
    .strictObject({
      package: debianPackage.describe("The Debian package that it is in."),
      files: z
        .array(
          z.strictObject({
            file: packedFile.describe("In the package."),
            at: z
              .union([z.literal("beside"), sizeBytes])
              .describe("From the beginning of the disk; `beside`: not on the disk, a file beside the image."),
          }),
        )
        .min(1)
        .describe("What of it goes where."),
    })
    .optional()
    .describe("Left out: it is on the board already, or has to be brought."),
  bring: z
    .array(
      z.strictObject({
        what: z.string().min(1).max(300).describe("What it is, and where it comes from."),
        at: sizeBytes.optional().describe("From the beginning of the disk. Left out: no bare place on the disk."),
      }),
    )
    .max(8)
    .default([])
    .describe("What who builds the image has to bring, or the board has to have already."),
});
export type BoardImage = z.output<typeof boardImageWritten>;
