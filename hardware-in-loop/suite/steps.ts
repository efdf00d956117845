/** What several suites do with a target in the same way. */
import { expect } from "vitest";
import type { Shell, Target } from "../target/target.ts";
import type { Bench } from "./bench.ts";

/** `bootMs`: what a start of the board may take, on one of usual pace. */
export async function shellOf(target: Target, bench: Bench, bootMs: number): Promise<Shell> {
  const shell = await target.toShell?.(bench.within(bootMs));
  if (shell === undefined) throw new Error("the station says `shell`, and its target has none");
  return shell;
}

/** Waits until the board has started anew; answers what its console has said since, where that had `saidBefore` characters. */
export async function untilReset(target: Target, saidBefore: number, boundMs: number): Promise<string> {
  const saidSince = async () => (await target.console()).slice(saidBefore);
  await expect.poll(saidSince, { timeout: boundMs }).toMatch(/bulkhead: slot [ab]/);
  target.expectRestart();
  return saidSince();
}
