/** What root of the machine may do to the device that it runs there itself: the operator's program, started for a person. */
import { join } from "node:path";
import { execa } from "execa";
import { findLocalDevice } from "./local-device.ts";

/** Runs the operator's program on `device` of the system `name`; it speaks for itself. Throws NOT_FOUND. */
export async function operate(name: string, device: string, argv: readonly string[]): Promise<number> {
  const { platformDir, config } = await findLocalDevice(name, device);
  const program = [join(platformDir, "operator.js"), "--config", config, ...argv];
  // Ctrl-C is for that program to hear, and to end in order.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  const { exitCode = 1 } = await execa(process.execPath, program, { stdio: "inherit", reject: false });
  process.off("SIGINT", ignore);
  return exitCode;
}
