/** Builds the installed runtime of a device: root server, core servers, and the program that makes a device's keys. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { coreImages } from "@bulkhead/protocol";
import { bulkheadDirectory, coreEntry } from "../locations.ts";
import { bundle } from "./bundle.ts";

/** Writes `root-server.js`, `verify.js`, `operator.js`, `key-store-init.js`, `worker-host/main.js`, `asker/main.js` and `core/<name>/main.js` to `outDir`. Throws BUILD_FAILED. */
export async function buildPlatform(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const runtime = join(bulkheadDirectory, "runtime/src");
  await Promise.all([
    bundle("program", join(runtime, "root-server/main.ts"), join(outDir, "root-server.js")),
    bundle("program", join(runtime, "verify/main.ts"), join(outDir, "verify.js")),
    bundle("program", join(runtime, "operator-tool/main.ts"), join(outDir, "operator.js")),
    bundle("program", join(runtime, "key-store/init.ts"), join(outDir, "key-store-init.js")),
    bundle("program", join(runtime, "worker-host/main.ts"), join(outDir, "worker-host", "main.js")),
    bundle("program", join(runtime, "asker/main.ts"), join(outDir, "asker", "main.js")),
    ...Object.keys(coreImages).map((name) =>
      bundle("component", coreEntry(name), join(outDir, "core", name, "main.js")),
    ),
  ]);
}

/** Writes the programs that an image has besides the platform, to the same place: `first-start.js`, `slots.js`. Throws BUILD_FAILED. */
export async function buildBoardPrograms(outDir: string): Promise<void> {
  const board = join(bulkheadDirectory, "runtime/src/board");
  for (const name of ["first-start", "slots"]) {
    await bundle("program", join(board, `${name}.ts`), join(outDir, `${name}.js`));
  }
}
