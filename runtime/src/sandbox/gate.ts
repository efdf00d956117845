/**
 * What a blocked sandbox waits at: it goes on when a byte comes, and only then.
 *
 * bubblewrap takes the end of its block descriptor for a release. With a pipe, a supervisor that was killed at this
 * moment would let the component run without supervision and limits (measured: 9 of 9). A FIFO that is open for
 * reading and writing has no end, for the reader is a writer itself.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

export type Gate = {
  /** For the sandbox to read from. */
  fd: number;
  /** Lets it go on, and gives the descriptor back: the byte stays in the sandbox's own. */
  open(): Promise<void>;
  /** Gives the descriptor back without letting go; nothing happens where that was done. */
  close(): Promise<void>;
};

/** So many are made by one process, and kept for those who come next. */
const madeAtOnce = 8;
const kept: FileHandle[] = [];
let making: Promise<void> | undefined;

export async function makeGate(): Promise<Gate> {
  const handle = await takeFifo();
  return {
    fd: handle.fd,
    open: async () => {
      await handle.write("\n");
      await handle.close();
    },
    close: () => handle.close(),
  };
}

async function takeFifo(): Promise<FileHandle> {
  for (;;) {
    const handle = kept.pop();
    // The next one finds some.
    if (kept.length === 0) make().catch(() => undefined);
    if (handle) return handle;
    await make();
  }
}

function make(): Promise<void> {
  making ??= makeFifos().finally(() => {
    making = undefined;
  });
  return making;
}

/** Nobody can come by any of them: their names are gone when this resolves. */
async function makeFifos(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-gate-"));
  try {
    const paths = Array.from({ length: madeAtOnce }, (_, index) => join(directory, `${index}`));
    await execa("mkfifo", ["--mode=0600", ...paths]);
    for (const path of paths) kept.push(await open(path, constants.O_RDWR));
  } finally {
    await rm(directory, { recursive: true });
  }
}
