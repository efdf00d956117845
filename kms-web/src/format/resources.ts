/** What a component may take and takes, in words. */
import type { ComponentResources, Resources } from "@bulkhead/protocol";

/** Processor time in one or two units: "0.25 s", "12.3 s", "3 min 20 s", "5 h 12 min". */
export function formatCpuTime(us: number): string {
  const seconds = us / 1_000_000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Whether the kernel holds a component to what the manifest declares; `looser` is a bound above that. */
export function judgeLimit(enforced: number | null, declared: number): "held" | "looser" | "not enforced" {
  if (enforced === null) return "not enforced";
  return enforced > declared ? "looser" : "held";
}

/** The processor share that the kernel enforces; undefined where it enforces none. */
export function describeShare({ cpuWeight, cpuQuotaPercent }: ComponentResources["enforced"]): string | undefined {
  const parts = [
    cpuWeight !== null && `weight ${cpuWeight}`,
    cpuQuotaPercent !== null && `at most ${cpuQuotaPercent} % of a core`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? undefined : parts.join(", ");
}

/** The memory that all components together take (null where it is not known of each of them), and declare. */
export function sumMemory(components: readonly ComponentResources[]): { used: number | null; declared: number } {
  const used = components.map((component) => component.used.memoryBytes);
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const known = used.filter((amount) => amount !== null);
  return {
    used: known.length === used.length ? sum(known) : null,
    declared: sum(components.map((component) => component.declared.memoryBytes)),
  };
}

/**
 * False for a component that had no process when the device looked: it was not started yet, or is held or stopped. What the
 * kernel will hold it to cannot be said then, which is another thing than that nothing holds it.
 */
export function hadProcess(cgroup: Resources["cgroup"], { enforced, used }: ComponentResources): boolean {
  if (cgroup === "none") return true;
  const isUnlimited = Object.values(enforced).every((value) => value === null);
  const isUnused = Object.values(used).every((value) => value === null) || used.processes === 0;
  return !(isUnlimited && isUnused);
}
