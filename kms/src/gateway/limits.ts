/** How many connections there may be: in all, and from one device. Holds counts only. */

export type Limits = { readonly perSource: number; readonly total: number };

/** A device has a few components with a few connections each; all relays together stay far below 20,000 descriptors. */
export const defaultLimits: Limits = { perSource: 64, total: 1024 };

export type Limiter = {
  /** True where one more from `source` fits; it counts then, until it is released. */
  admit(source: string): boolean;
  release(source: string): void;
};

export function createLimiter({ perSource, total }: Limits): Limiter {
  const counts = new Map<string, number>();
  let all = 0;
  return {
    admit(source) {
      const count = counts.get(source) ?? 0;
      if (all >= total || count >= perSource) return false;
      counts.set(source, count + 1);
      all += 1;
      return true;
    },
    release(source) {
      const count = counts.get(source);
      if (count === undefined) return;
      all -= 1;
      if (count === 1) counts.delete(source);
      else counts.set(source, count - 1);
    },
  };
}
