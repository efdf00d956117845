/**
 * For tests: files whose power can be cut. It keeps only what StoreFiles promises to keep: of an append that was not
 * finished any part, with or without garbage behind it; of a replacement that was not durable anything at all.
 */
import type { StoreFiles } from "../store/files.ts";

export type Disk = {
  /** As the running system sees them. Every use of it counts one down to a power cut, where one was set. */
  files: StoreFiles;
  /** The next use after so many ends in a power cut: it and all later ones never come back. */
  cutAfter(uses: number): void;
  /** The next append finds no room: a part of it is written. */
  fill(): void;
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
  let isFull = false;
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

  function setCurrent(name: string, text: string): void {
    const file = files.get(name);
    if (file) file.current = text;
    else files.set(name, { durable: "", current: text });
  }

  return {
    cut,
    cutAfter(uses) {
      left = uses;
    },
    fill() {
      isFull = true;
    },
    sizeBytes: () =>
      [...files].reduce((total, [name, { current }]) => total + (name.endsWith(".segment") ? current.length : 0), 0),
    contents: () => new Map([...files].map(([name, { current }]) => [name, current])),
    remains() {
      return new Map(
        [...files].map(([name, { durable, current }]) => {
          if (durable === current) return [name, durable];
          if (!current.startsWith(durable)) return [name, [durable, current, "", current.slice(0, 3)][choose(4)] ?? ""];
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
      // A durable one is made beside the old and takes its place in one step: a cut in the middle of it leaves the old.
      replace: (name, content, durable) =>
        durable
          ? use(
              () => undefined,
              () => void files.set(name, { durable: content, current: content }),
            )
          : use(() => setCurrent(name, content)),
      async create(name) {
        await use(() => files.set(name, { durable: "", current: "" }));
        return {
          append: (content) =>
            use(
              () => {
                const room = isFull ? choose(content.length) : content.length;
                setCurrent(name, `${files.get(name)?.current ?? ""}${content.slice(0, room)}`);
                if (!isFull) return;
                isFull = false;
                throw new Error("there is no room");
              },
              () => {
                const file = files.get(name);
                if (file) file.durable = file.current;
              },
            ),
          close: async () => undefined,
        };
      },
    },
  };
}
