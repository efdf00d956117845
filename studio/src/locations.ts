/** Where the parts of Bulkhead itself lie, as seen from this package. */
import { join, resolve } from "node:path";

/** Root of the checkout. */
export const bulkheadDirectory: string = resolve(import.meta.dirname, "../..");

/** Board files that come with Bulkhead. */
export const boardsDirectory: string = join(bulkheadDirectory, "manifests/boards");

/** Entry of a driver's server. */
export function driverEntry(driver: string): string {
  return join(bulkheadDirectory, "drivers", driver, "server.ts");
}

/** Entry of a core server; the agent is a package of its own. */
export function coreEntry(name: string): string {
  if (name === "kms-agent") return join(bulkheadDirectory, "kms-agent/src/main.ts");
  return join(bulkheadDirectory, "runtime/src", name, "main.ts");
}

/** The example that runs where no manifest is named. */
export const exampleManifest: string = join(bulkheadDirectory, "manifests/greenhouse/manifest.yaml");
