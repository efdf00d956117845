/** Lists of processor cores in the kernel's words (cpuset(7), "List format"): `0-2,5`. Pure. */

/** More than there are: the kernel takes those that it has (sched_setaffinity(2)). */
export const everyCore = "0-255";

export function formatCores(cores: readonly number[]): string {
  return [...new Set(cores)].sort((a, b) => a - b).join(",");
}

/** Ascending; [] for the empty text and for what is no list. */
export function parseCores(text: string): number[] {
  const ranges = text.trim().split(",");
  return ranges.flatMap((range) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range.trim()) ?? [];
    if (first === undefined) return [];
    const count = Number(last ?? first) - Number(first) + 1;
    return Array.from({ length: Math.max(0, count) }, (_, index) => Number(first) + index);
  });
}

/** True where both name the same cores. */
export function isSameCores(a: readonly number[], b: readonly number[]): boolean {
  return formatCores(a) === formatCores(b);
}
