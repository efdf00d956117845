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

/** From a reset until the board's sshd answers: by then it has been seen. */
const sshMs = 120_000;

/** Watches for a start of the board, by what tells of it: its console says so, else its shell shows it. Nothing before now counts. */
export async function watchReset(target: Target): Promise<{ seen(boundMs: number): Promise<Reset> }> {
  const saidBefore = (await target.console()).length;
  const saidSince = async () => (await target.console()).slice(saidBefore);
  const byShell = await target.watchStart?.();
  return {
    async seen(boundMs) {
      if (!byShell) await expect.poll(saidSince, { timeout: boundMs }).toMatch(/bulkhead: slot [ab]/);
      const atMs = byShell ? (await byShell.seen(boundMs + sshMs)).atMs : performance.now();
      target.expectRestart();
      return { atMs, said: await saidSince() };
    },
  };
}

/** When it was, on performance.now()'s clock, and what the console has said since the watch began: nothing where there is none. */
export type Reset = { readonly atMs: number; readonly said: string };
