/** The interfaces that a component may speak, as data: those of the manifest's folder, of the drivers and of the core. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError, driverImages } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";
import { bulkheadDirectory } from "../../locations.ts";

/** Loading modules is quick, but on a board; one that waits for something when it is loaded waits in vain. */
export const loadingMs = 120_000;

const operationSchema = z.object({ arguments: z.unknown(), result: z.unknown(), idempotent: z.boolean() });
const streamSchema = z.object({
  arguments: z.unknown(),
  item: z.unknown(),
  direction: z.enum(["from-provider", "from-client"]),
});
const interfaceSchema = z.object({
  name: z.string(),
  digest: z.string(),
  operations: z.record(z.string(), operationSchema),
  notifications: z.record(z.string(), z.unknown()),
  streams: z.record(z.string(), streamSchema).default({}),
});
export type WireInterface = z.infer<typeof interfaceSchema>;

/**
 * Describes the interfaces that `interfaces.ts` beside the manifest exports, and those that come with Bulkhead, in the order
 * of their names. Throws BUILD_FAILED where that file cannot be loaded.
 *
 * The file is the author's and is executed, in a process of its own: only so is its digest that of the TypeScript ends.
 */
export async function describeInterfaces(manifestDirectory: string): Promise<WireInterface[]> {
  const own = join(manifestDirectory, "interfaces.ts");
  const drivers = Object.keys(driverImages).map((name) => join(bulkheadDirectory, "drivers", name, "interface.ts"));
  const core = join(bulkheadDirectory, "sdk/src/index.ts");
  const files = [core, ...[...drivers, own].filter((path) => existsSync(path))];
  const program = join(bulkheadDirectory, "sdk/src/describe.ts");
  // It may read, for it imports; it may not write, start programs, or see our environment.
  const permissions = ["--permission", "--allow-fs-read=*"];
  const { stdout, stderr, failed, timedOut } = await execa(process.execPath, [...permissions, program, ...files], {
    reject: false,
    extendEnv: false,
    timeout: loadingMs,
  });
  if (failed) {
    const reason = timedOut ? "it does not end" : (/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.split("\n")[0]);
    throw new BulkheadError("BUILD_FAILED", `the interfaces of ${own} cannot be read: ${reason}`);
  }
  const described = z.array(interfaceSchema).parse(JSON.parse(stdout));
  return described.sort((a, b) => (a.name < b.name ? -1 : 1));
}
