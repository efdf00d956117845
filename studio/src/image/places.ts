/** Where images are made, and from what. */
import { join } from "node:path";
import { bulkheadDirectory } from "../locations.ts";
import { sharedCache } from "../shared-cache.ts";

/** Recipes, lock files, and what is put into every root. */
export const recipeDir: string = join(bulkheadDirectory, "images");

/** What is made once, and packages; may be removed at any time. */
export const imageCache = (): string => sharedCache("images");
