/** npm's lock file, and the one that it leaves in `node_modules` of what it has installed. */
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import { readJson } from "./packages.ts";

const entrySchema = z.object({ version: z.string().optional(), integrity: z.string().optional() });
const lockSchema = z.object({
  lockfileVersion: z.union([z.literal(2), z.literal(3)]),
  packages: z.record(z.string(), entrySchema),
});

export type LockEntry = z.infer<typeof entrySchema>;
export type LockFile = {
  readonly file: string;
  readonly wanted: Readonly<Record<string, LockEntry>>;
  /** Undefined where npm left none: something else installed the packages, or an older npm did. */
  readonly installed: Readonly<Record<string, LockEntry>> | undefined;
};

/** Throws BUILD_UNLOCKED where there is none, or one of another form. */
export async function readLockFile(root: string): Promise<LockFile> {
  const file = join(root, "package-lock.json");
  const parsed = lockSchema.safeParse(await readJson(file));
  if (!parsed.success) {
    throw new BulkheadError("BUILD_UNLOCKED", `${file} is not there, or no lock file of npm 7 or later`, {
      remedy: "npm install, and commit package-lock.json: what is built in has to be named by it",
    });
  }
  const hidden = lockSchema.safeParse(await readJson(join(root, "node_modules/.package-lock.json")));
  return { file, wanted: parsed.data.packages, installed: hidden.data?.packages };
}
