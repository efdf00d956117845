/** A board's supply, as a bench switches it: by a program of the bench's own (a relay, a hub, a socket on the network). */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { StationWritten } from "../station/schema.ts";

type BoardTarget = Extract<StationWritten["target"], { kind: "board" }>;

export type Power = { on(): Promise<void>; off(): Promise<void> };

/** Undefined where nobody but a person can switch it. */
export function openPower({ power }: Pick<BoardTarget, "power">): Power | undefined {
  if (power === undefined) return undefined;
  return { on: () => run(power.on, power.boundMs), off: () => run(power.off, power.boundMs) };
}

/** Throws STATION_FAILED with what the program said. */
async function run([program = "", ...rest]: readonly string[], boundMs: number): Promise<void> {
  await execa(program, rest, { timeout: boundMs, stdin: "ignore" }).catch((cause: unknown) => {
    throw new BulkheadError("STATION_FAILED", `the bench's power cannot be switched by ${program}`, {
      remedy: "try the command of the station's file by hand",
      cause,
    });
  });
}
