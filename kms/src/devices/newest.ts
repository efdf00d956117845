/**
 * The newest of something that devices told, in memory, gone with the process: one of each device and kind, and of all
 * devices together at most so many bytes. Beyond them those go that were told the longest ago; a device tells again when
 * it connects, or when it is asked.
 */
export type Newest<T> = {
  keep(deviceId: string, kind: string, told: T): void;
  of(deviceId: string, kind: string): T | undefined;
  forget(deviceId: string): void;
};

export type MemoryBound = {
  /** Makes one that shares the bound with all others of this. */
  newest<T>(): Newest<T>;
  sizeBytes(): number;
};

export function createMemoryBound(maxBytes: number): MemoryBound {
  // A Map keeps the order of insertion: what was told the longest ago comes first.
  const kept = new Map<string, { deviceId: string; sizeBytes: number; told: unknown }>();
  let total = 0;
  let tables = 0;

  function drop(key: string): void {
    total -= kept.get(key)?.sizeBytes ?? 0;
    kept.delete(key);
  }

  return {
    sizeBytes: () => total,
    newest<T>() {
      tables += 1;
      const prefix = `${tables} `;
      return {
        keep(deviceId, kind, told) {
          const key = `${prefix}${deviceId} ${kind}`;
          const sizeBytes = key.length + JSON.stringify(told).length;
          drop(key);
          if (sizeBytes > maxBytes) return;
          kept.set(key, { deviceId, sizeBytes, told });
          total += sizeBytes;
          for (const oldest of kept.keys()) {
            if (total <= maxBytes) break;
            drop(oldest);
          }
        },
        of: (deviceId, kind) => kept.get(`${prefix}${deviceId} ${kind}`)?.told as T | undefined,
        forget(deviceId) {
          for (const [key, one] of kept) if (key.startsWith(prefix) && one.deviceId === deviceId) drop(key);
        },
      };
    },
  };
}
