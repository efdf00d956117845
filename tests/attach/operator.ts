/** The operator's program as a device has it, said on the board: its arguments as a person gives them. */
import { join } from "node:path";
import { execa } from "execa";
import type { SpecDevice } from "../../runtime/src/root-server/testing/device.ts";
import { bundle } from "../../studio/src/build/bundle.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";

export type Operator = (...argv: string[]) => ReturnType<typeof start>;

export async function operatorOf({ platformDir, configFile }: SpecDevice): Promise<Operator> {
  const program = join(platformDir, "operator.js");
  await bundle("program", join(bulkheadDirectory, "runtime/src/operator-tool/main.ts"), program);
  return (...argv) => start([program, "--config", configFile, ...argv]);
}

function start(argv: readonly string[]) {
  return execa(process.execPath, argv, { reject: false, timeout: 90_000, detached: true });
}
