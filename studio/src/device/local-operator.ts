/** What root of the machine may do to the device that it runs there itself: the operator's program, started for a person. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { bulkheadDirectory } from "../locations.ts";
import { stateDirectory } from "../run/instance.ts";
import { nameOf } from "../run/options.ts";
import { pathsBelow } from "../run/paths.ts";

/** Runs the operator's program on `device` of the system `name`; it speaks for itself. Throws NOT_FOUND. */
export async function operate(name: string, device: string, argv: readonly string[]): Promise<number> {
  const { devicesDir, platformDir } = pathsBelow(stateDirectory(nameOf(name), bulkheadDirectory));
  const names = await readdir(devicesDir).catch((): string[] => []);
  const config = join(devicesDir, device, "root-server.json");
  if (!names.includes(device) || !existsSync(config)) {
    const there = names.length > 0 ? `there is ${names.join(", ")}` : "none runs from this checkout under this name";
    throw new BulkheadError("NOT_FOUND", `no device ${device} runs on this machine`, {
      remedy: `${there}; on a board, say it there: docs/guide/look-inside.md`,
    });
  }
  const program = [join(platformDir, "operator.js"), "--config", config, ...argv];
  // Ctrl-C is for that program to hear, and to end in order.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  const { exitCode = 1 } = await execa(process.execPath, program, { stdio: "inherit", reject: false });
  process.off("SIGINT", ignore);
  return exitCode;
}
