/** A board's supply, as a bench switches it: by a program of the bench's own (a relay, a hub, a socket on the network). */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { RealBoard } from "../station/real-board.ts";

export type Power = { on(): Promise<void>; off(): Promise<void> };

/** Undefined where nobody but a person can switch it. */
export function openPower({ power }: Pick<RealBoard, "power">): Power | undefined {
  if (power === undefined) return undefined;
  const what = "the bench's power cannot be switched";
  return { on: () => runOfBench(power.on, power.boundMs, what), off: () => runOfBench(power.off, power.boundMs, what) };
}

/** Runs a program of the bench's own; no shell reads its arguments. Throws STATION_FAILED with what the program said. */
export async function runOfBench(command: readonly string[], boundMs: number, what: string): Promise<void> {
  const [program = "", ...rest] = command;
  await execa(program, rest, { timeout: boundMs, stdin: "ignore" }).catch((cause: unknown) => {
    throw new BulkheadError("STATION_FAILED", `${what} by ${program}`, {
      remedy: "try the command of the station's file by hand",
      cause,
    });
  });
}
