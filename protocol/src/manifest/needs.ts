/** What a plan needs of a board in sum: what the rules compare with the board, and `bulkhead resources` prints. */
import type { Plan, PlannedComponent } from "./plan.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** One component for each process: members of a trust group share theirs, and its limits. */
function processesOf(plan: Plan): PlannedComponent[] {
  const groups = new Set<string>();
  return Object.values(plan.components).filter(({ trustGroup }) => {
    if (trustGroup === null) return true;
    const first = !groups.has(trustGroup);
    groups.add(trustGroup);
    return first;
  });
}

/** Memory of a component with its spare, in bytes. */
export const memoryOf = ({ memoryBytes, spare }: PlannedComponent): number => memoryBytes * (spare ? 2 : 1);

/** Memory limits, spares and leases together; `coreBytes` of it are core servers. */
export function memoryNeeds(plan: Plan): { totalBytes: number; coreBytes: number; leaseBytes: number } {
  const processes = processesOf(plan);
  const leaseBytes = sum(plan.channels.map((channel) => channel.leaseBytes));
  const coreBytes = sum(processes.filter(({ image }) => "core" in image).map(memoryOf));
  return { totalBytes: sum(processes.map(memoryOf)) + leaseBytes, coreBytes, leaseBytes };
}

/** Quotas and what is kept while the management service is away; `storeBytes` is the second. */
export function storageNeeds(plan: Plan): { totalBytes: number; storeBytes: number } {
  const storeBytes = sum(Object.values(plan.store));
  return { totalBytes: sum(processesOf(plan).map(({ storage }) => storage.quotaBytes)) + storeBytes, storeBytes };
}
