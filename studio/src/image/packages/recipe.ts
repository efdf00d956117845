/** Which packages images are made of and with: `images/packages.yaml`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, describeMisfit } from "@bulkhead/protocol";
import { parse } from "yaml";
import { z } from "zod";
import { recipeDir } from "../places.ts";

const names = z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/));
const recipeSchema = z.strictObject({
  suite: z.string().regex(/^[a-z]+$/),
  builder: z.strictObject({ architecture: z.literal("amd64"), packages: names }),
  system: z.strictObject({ packages: names, without: names }),
  architectures: z.strictObject({
    arm64: z.strictObject({ packages: names }),
    armhf: z.strictObject({ packages: names }),
  }),
  /** Paths in a root, with `*` for one name. */
  prune: z.array(z.string().regex(/^(?!.*\.\.)[a-z][A-Za-z0-9*+./_-]*$/)),
  mask: z.array(z.string().regex(/^[A-Za-z0-9@_.-]+$/)),
});
export type Recipe = z.infer<typeof recipeSchema>;

/** Throws IMAGE_LOCK_INVALID where it is not what it should be. */
export async function readRecipe(): Promise<Recipe> {
  const file = join(recipeDir, "packages.yaml");
  const parsed = recipeSchema.safeParse(parse(await readFile(file, "utf8")));
  if (parsed.success) return parsed.data;
  throw new BulkheadError("IMAGE_LOCK_INVALID", `${file}: ${describeMisfit(parsed.error)}`);
}
