/**
 * For tests: files whose power can be cut and whose disk can be full. It keeps only what StoreFiles promises to keep: of an
 * append that was not finished any part, with or without garbage behind it.
 */
import { BulkheadError } from "@bulkhead/protocol";
import type { StoreFiles } from "../store/files.ts";

export type Disk = {
  /** As the running system sees them. Every use of it counts one down to a power cut, where one was set. */
  files: StoreFiles;
  /** The next use after so many ends in a power cut: it and all later ones never come back. */
  cutAfter(uses: number): void;
  /** From now on there is room for so much more: of an append that finds less, a part is written. */
  leave(bytes: number): void;
  /** Rejects when the power is cut. */
  cut: Promise<never>;
  sizeBytes(): number;
  /** All of it, as a new process finds it. */
  contents(): Map<string, string>;
  /** What a power cut leaves. */
  remains(): Map<string, string>;
};

type File = { durable: string; current: string };

/** `choose(n)`: a number below n, which decides what the cut leaves of what was not durable. */
export function createDisk(from: ReadonlyMap<string, string>, choose: (n: number) => number): Disk {
  const files = new Map<string, File>([...from].map(([name, text]) => [name, { durable: text, current: text }]));
  let left = Number.POSITIVE_INFINITY;
  let capacity = Number.POSITIVE_INFINITY;
  let reject: (error: Error) => void = () => undefined;
  const cut = new Promise<never>((_resolve, no) => {
    reject = no;
  });
  cut.catch(() => undefined);

  /** Runs `now` on what is seen and `later` on what stays; a cut may come before, between and after the two. */
  async function use<R>(now: () => R, later: () => void = () => undefined): Promise<R> {
    left -= 1;
    if (left < 0) return never();
    const result = now();
    left -= 1;
    if (left < 0) return never();
    later();
    return result;
  }

  function never<R>(): Promise<R> {
    reject(new Error("the power was cut"));
    return new Promise(() => undefined);
  }

  const totalBytes = () => [...files.values()].reduce((total, { current }) => total + current.length, 0);

  function takeRoom(bytes: number): void {
    if (totalBytes() + bytes > capacity) throw new BulkheadError("STORAGE_FULL", "there is no room");
  }

  function append(name: string, content: string): void {
    const file = files.get(name);
    if (!file) return;
    const room = Math.max(0, Math.min(content.length, capacity - totalBytes()));
    file.current += content.slice(0, room);
    takeRoom(content.length - room);
  }

  function setDurable(name: string): void {
    const file = files.get(name);
    if (file) file.durable = file.current;
  }

  return {
    cut,
    cutAfter(uses) {
      left = uses;
    },
    leave(bytes) {
      capacity = totalBytes() + bytes;
    },
    sizeBytes: () =>
      [...files].reduce((total, [name, { current }]) => total + (name.endsWith(".segment") ? current.length : 0), 0),
    contents: () => new Map([...files].map(([name, { current }]) => [name, current])),
    remains() {
      return new Map(
        [...files].map(([name, { durable, current }]) => {
          if (durable === current) return [name, durable];
          const torn = current.slice(0, durable.length + choose(current.length - durable.length + 1));
          return [name, choose(3) === 0 ? `${torn}\0\0garbage` : torn];
        }),
      );
    },
    files: {
      list: () => use(() => [...files].map(([name, { current }]) => ({ name, sizeBytes: current.length }))),
      read: (name) => use(() => files.get(name)?.current ?? ""),
      remove: (name) =>
        use(
          () => undefined,
          () => void files.delete(name),
        ),
      // It is made beside the old and takes its place in one step: a cut in the middle of it leaves the old.
      replace: (name, content) =>
        use(
          () => takeRoom(content.length),
          () => void files.set(name, { durable: content, current: content }),
        ),
      async create(name) {
        await use(() => files.set(name, { durable: "", current: "" }));
        return {
          append: (content) =>
            use(
              () => append(name, content),
              () => setDurable(name),
            ),
          close: async () => undefined,
        };
      },
    },
  };
}
