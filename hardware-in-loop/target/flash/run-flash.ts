/** `bulkhead flash`, run as a person runs it: what a bench writes is refused, written, read back and enrolled as theirs is. */
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";

const main = join(bulkheadDirectory, "studio/src/main.ts");

/** Throws STATION_FAILED, after the command has said why; `signal` ends it in order, as Ctrl-C does. */
export async function runFlash(args: readonly string[], signal?: AbortSignal): Promise<void> {
  await execa(process.execPath, [main, "flash", ...args, "--yes", "--json"], {
    cwd: bulkheadDirectory,
    stdin: "ignore",
    stdout: 2,
    stderr: "inherit",
    ...(signal && { cancelSignal: signal }),
  }).catch((cause: unknown) => {
    throw new BulkheadError("STATION_FAILED", "the card could not be written", {
      cause,
      remedy: "what `bulkhead flash` said stands above",
    });
  });
}
