/** The operator's program, said on the board: its arguments as a person gives them. */
import { execa } from "execa";
import type { SpecDevice } from "../../runtime/src/root-server/testing/device.ts";

export type Operator = (...argv: string[]) => ReturnType<typeof start>;

export async function operatorOf(device: SpecDevice): Promise<Operator> {
  const program = await device.installOperator();
  return (...argv) => start([program, "--config", device.configFile, ...argv]);
}

function start(argv: readonly string[]) {
  return execa(process.execPath, argv, { reject: false, timeout: 90_000 });
}
