/** The operator's program as a device has it, said on the board: its arguments as a person gives them. */
import { join } from "node:path";
import { execa } from "execa";
import type { SpecDevice } from "../../runtime/src/root-server/testing/device.ts";
import { bundle } from "../../studio/src/build/bundle.ts";
import { bulkheadDirectory } from "../../studio/src/locations.ts";

export type Operator = (...argv: string[]) => ReturnType<typeof start>;

/** `uid`: of the person, where that is not root. */
export async function operatorOf(
  { platformDir, configFile }: SpecDevice,
  { uid, node = process.execPath }: { uid?: number | undefined; node?: string | undefined } = {},
): Promise<Operator> {
  const program = join(platformDir, "operator.js");
  await bundle("program", join(bulkheadDirectory, "runtime/src/operator-tool/main.ts"), program);
  const person = uid === undefined ? [] : ["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups", "--"];
  return (...argv) => start([...person, node, program, "--config", configFile, ...argv]);
}

function start([command = "", ...argv]: readonly string[]) {
  // A group of its own, as at a terminal.
  return execa(command, argv, { reject: false, timeout: 90_000, detached: true });
}
