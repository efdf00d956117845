/** What was compiled of the sources once is kept in the checkout: reading TypeScript is half of what a short command takes. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/** For what is imported from here on. Without effect where that cannot be written; Node takes nothing from it whose source is another. */
export function keepCompiled(): void {
  enableCompileCache(join(import.meta.dirname, "../../.cache/compiled"));
}
