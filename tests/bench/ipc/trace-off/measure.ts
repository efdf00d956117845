/**
 * What trace that is off costs a whole call: a build with trace points and one without take turns of a few milliseconds in
 * one process, in an order that changes, so that whatever else the machine does meets both alike. Where a process happens to lay
 * its code and data makes more of a difference than is looked for, and lasts as long as it does: so there are many processes.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Estimate, estimate, median } from "./statistics.ts";
import { type Codes, writeVariants } from "./variants.ts";

export type TraceOff = {
  /** Microseconds of processor time of a call, both ends, median over the processes. */
  readonly callUs: number;
  /** With trace points, over without. */
  readonly cost: Estimate;
  /** Two builds of the same source: what is within this is not seen. */
  readonly same: Estimate;
};

/** What one process found: see round.ts. */
export type Found = { readonly callUs: number; readonly cost: number; readonly same: number };

export async function measureTraceOff(processes: number): Promise<TraceOff> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-trace-off-"));
  try {
    const codes = await writeVariants(directory);
    const found: Found[] = [];
    for (let number = 0; number < processes; number++) found.push(await inOneProcess(codes, number));
    const of = (key: keyof Found) => found.map((one) => one[key]);
    return { callUs: median(of("callUs")), cost: estimate(of("cost")), same: estimate(of("same")) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function inOneProcess(codes: Codes, number: number): Promise<Found> {
  const round = join(import.meta.dirname, "round.ts");
  const { stdout } = await execa(process.execPath, [round, JSON.stringify(codes), `${number}`]);
  return JSON.parse(stdout);
}
