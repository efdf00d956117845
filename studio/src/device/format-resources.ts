/** What the components of a device take and may take, as text for a person. Pure. */
import type { ResourcesAnswer } from "@bulkhead/kms";
import type { ComponentResources, Resources } from "@bulkhead/protocol";
import { formatAgo, formatColumns } from "../cli/columns.ts";
import { printable } from "../cli/printable.ts";

const notEnforced = "not enforced";
const notRunning = "not running";
const unknown = "-";

/** One line a component: memory taken, limit that the kernel enforces, limit declared; processor; processes; open files. */
export function formatResources({ resources, receivedAtMs }: ResourcesAnswer, nowMs: number): string {
  if (resources === null || receivedAtMs === null) return "resources: not reported since the server started";
  const head = ["COMPONENT", "MEMORY", "LIMIT", "DECLARED", "CPU TIME", "CPU SHARE", "PROCESSES", "FILES"];
  const table = formatColumns([head, ...resources.components.map((component) => row(resources.cgroup, component))]);
  const warning = resources.cgroup === "none" ? ["no limit is enforced: the device has no control groups"] : [];
  return [`resources, reported ${formatAgo(receivedAtMs, nowMs)}`, ...warning, table].join("\n");
}

function row(cgroup: Resources["cgroup"], component: ComponentResources): string[] {
  const { name, declared, enforced, used } = component;
  if (!hadProcess(cgroup, component)) {
    const share = `${notRunning} (declared: ${printable(declared.cpu)})`;
    return [name, unknown, notRunning, formatMebibytes(declared.memoryBytes), unknown, share, notRunning, notRunning];
  }
  return [
    name,
    orUnknown(used.memoryBytes, formatMebibytes),
    limit(enforced.memoryBytes, declared.memoryBytes, formatMebibytes),
    formatMebibytes(declared.memoryBytes),
    orUnknown(used.cpuUs, (us) => `${(us / 1_000_000).toFixed(2)} s`),
    formatShare(enforced, declared.cpu),
    `${orUnknown(used.processes, String)} of ${limit(enforced.processes, declared.processes, String)}`,
    `${orUnknown(used.openFiles, String)} of ${orUnknown(declared.openFiles, String)}`,
  ];
}

/** A limit above the declared one is marked: the kernel rounds down only. */
function limit(enforced: number | null, declared: number, format: (amount: number) => string): string {
  if (enforced === null) return notEnforced;
  return enforced > declared ? `${format(enforced)} (!)` : format(enforced);
}

/** A deadline is held by a quota, so what is enforced need not read like what is declared. */
function formatShare({ cpuWeight, cpuQuotaPercent }: ComponentResources["enforced"], declared: string): string {
  const quota = cpuQuotaPercent === null ? [] : [`at most ${cpuQuotaPercent} % of a core`];
  const weight = cpuWeight === null ? [] : [`weight ${cpuWeight}`];
  const enforced = [...weight, ...quota].join(", ") || notEnforced;
  return enforced === declared ? enforced : `${enforced} (declared: ${printable(declared)})`;
}

function formatMebibytes(bytes: number): string {
  return `${Number((bytes / 1024 ** 2).toFixed(1))} MiB`;
}

function orUnknown(amount: number | null, format: (amount: number) => string): string {
  return amount === null ? unknown : format(amount);
}

/**
 * False for a component that had no process when the device looked: it was not started yet, or is held or stopped. What the
 * kernel will hold it to cannot be said then, which is another thing than that nothing holds it.
 */
function hadProcess(cgroup: Resources["cgroup"], { enforced, used }: ComponentResources): boolean {
  if (cgroup === "none") return true;
  const isUnlimited = Object.values(enforced).every((value) => value === null);
  const isUnused = Object.values(used).every((value) => value === null) || used.processes === 0;
  return !(isUnlimited && isUnused);
}
