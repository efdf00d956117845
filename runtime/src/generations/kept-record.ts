/**
 * The device's record in memory and on the disk. Where the disk does not take it (it is full, or broken) two things can be
 * right: what must not be done before it is written down is not done, and what runs goes on although it is not.
 */
import type { GenerationRecord } from "./record.ts";
import { writeRecord } from "./slots.ts";

/** A disk that was full is tried again this often. */
const retryMs = 30_000;

export type KeptRecord = {
  now(): GenerationRecord;
  /** Throws where it is not on the disk then; the record in memory is as it was. */
  write(next: GenerationRecord): Promise<void>;
  /**
   * For what has happened already, or must go on: a record that the disk does not take is in force all the same, the log
   * says so, and it is tried again until it is written or another is. False where it is not on the disk. The next start
   * would find the one before it, which is safe: it starts the same, or tries it once more.
   */
  adopt(next: GenerationRecord): Promise<boolean>;
  /** What is in force is on the disk then; throws where the disk does not take it. */
  flush(): Promise<void>;
};

export function keepRecord(
  dataDir: string,
  first: GenerationRecord,
  log: (text: string) => void,
  retryAfterMs: number = retryMs,
): KeptRecord {
  let record = first;
  let retry: NodeJS.Timeout | undefined;

  /** One after the other: two at once would take the same slot. */
  let last: Promise<unknown> = Promise.resolve();

  function write(next?: GenerationRecord): Promise<void> {
    const written = last.then(async () => {
      const taken = next ?? record;
      await writeRecord(dataDir, taken);
      record = taken;
      clearTimeout(retry);
      retry = undefined;
    });
    last = written.catch(() => undefined);
    return written;
  }

  function tryLater(): void {
    retry ??= setTimeout(() => {
      retry = undefined;
      write().then(
        () => log("the record of generations is on the disk again"),
        () => tryLater(),
      );
    }, retryAfterMs).unref();
  }

  return {
    now: () => record,
    write,
    flush: () => write(),
    async adopt(next) {
      try {
        await write(next);
        return true;
      } catch (error) {
        record = next;
        log(`the record of generations cannot be written, what runs goes on without: ${(error as Error).message}`);
        tryLater();
        return false;
      }
    },
  };
}
