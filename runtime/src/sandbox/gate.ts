/**
 * What a blocked sandbox waits at: it goes on when a byte comes, and only then.
 *
 * bubblewrap takes the end of its block descriptor for a release. With a pipe, a supervisor that was killed at this
 * moment would let the component run without supervision and limits (measured: 9 of 9). A FIFO that is open for
 * reading and writing has no end, for the reader is a writer itself.
 */
import { constants } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
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

export async function makeGate(): Promise<Gate> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-gate-"));
  try {
    const path = join(directory, "gate");
    await execa("mkfifo", ["--mode=0600", path]);
    const handle = await open(path, constants.O_RDWR);
    return {
      fd: handle.fd,
      open: async () => {
        await handle.write("\n");
        await handle.close();
      },
      close: () => handle.close(),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}
