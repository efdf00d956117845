/** What runners other than Node need, as it lies in the installed runtime: a directory, or a link to one, per name. */
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Subject } from "./execution.ts";

/** The real place of runtime `name`. Throws COMPONENT_START_FAILED where the device has none. */
export async function findRuntime({ name: component, runtimesDir }: Subject, name: string): Promise<string> {
  return await realpath(join(runtimesDir, name)).catch((cause: unknown) => {
    throw new BulkheadError("COMPONENT_START_FAILED", `${component} needs ${name}, which this device has not`, {
      cause,
      remedy: `build the device's image with ${name}, or link it as runtimes/${name} of the installed runtime`,
    });
  });
}

/** The one entry of `directory` whose name begins with `prefix`, or undefined. */
export async function findEntry(directory: string, prefix: string): Promise<string | undefined> {
  const names = await readdir(directory).catch((): string[] => []);
  return names.find((name) => name.startsWith(prefix));
}
