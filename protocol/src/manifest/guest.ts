/** `guest.yaml` in the image of a `vm` component: what its guest is beside the program. The file may be missing: all has a default. */
import { z } from "zod";
import type { ErrorReport } from "../errors.ts";
import { parseWritten } from "./schema-errors.ts";
import { readSource } from "./source.ts";

const relativePath = z
  .string()
  .regex(/^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, "a path below the image's folder");

const guestSchema = z.strictObject({
  kernel: relativePath
    .default("debian")
    .describe("`debian`: the kernel that comes with QEMU; else a file of the folder."),
  root: relativePath.optional().describe("A folder whose files lie in the guest's root file system."),
});
export type Guest = z.output<typeof guestSchema>;

/** The guest that `text` describes, or all errors in it. Throws MANIFEST_SYNTAX where it is not YAML. */
export function parseGuest(text: string, file: string): { guest: Guest } | { errors: ErrorReport[] } {
  const parsed = parseWritten(guestSchema, readSource(text, file));
  return "errors" in parsed ? parsed : { guest: parsed.value };
}
