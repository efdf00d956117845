/**
 * An open tty: reads, writes, and waits for either without a thread that blocks. Its end shows as a read of nothing or as
 * an error of the kernel, and is told as SERIAL_PORT_GONE.
 */
import { read as readFd, write as writeFd } from "node:fs";
import { promisify } from "node:util";
import { BulkheadError } from "@bulkhead/protocol";
import { readable, writable } from "../poller.ts";
import type { Addon } from "./addon.ts";
import type { Bytes, SerialPort } from "./driver.ts";

const readSome = promisify(readFd);
const writeSome = promisify(writeFd);
const chunkBytes = 4096;

/** Takes over `fd`, which does not block. */
export function openTty(port: string, fd: number, addon: Addon): SerialPort {
  const ready = createReadiness(fd, addon);
  const running = new Set<Promise<unknown>>();
  let isOpen = true;
  let isGone = false;
  let writing: Promise<void> = Promise.resolve();
  let draining: Promise<void> | undefined;

  const gone = (cause?: unknown): BulkheadError => {
    isGone = true;
    return new BulkheadError("SERIAL_PORT_GONE", `${port} was unplugged, hung up or closed`, { cause });
  };
  /** The descriptor must not be closed, and given to another file, while the kernel works on it. */
  function track<T>(work: Promise<T>): Promise<T> {
    running.add(work);
    const forget = () => void running.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Repeats `step` until it has done something: -1 means not yet, 0 the end. */
  async function whenReady(event: number, step: () => Promise<number>): Promise<number> {
    for (;;) {
      if (!isOpen || isGone) throw gone();
      const count = await track(step()).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "EAGAIN" || error.code === "EINTR") return -1;
        throw gone(error);
      });
      if (count > 0) return count;
      if (count === 0) throw gone();
      await ready.wait(event).catch((error: unknown) => {
        throw gone(error);
      });
    }
  }

  async function writeAll(data: Bytes): Promise<void> {
    for (let at = 0; at < data.length; ) {
      at += await whenReady(writable, async () => (await writeSome(fd, data, at, data.length - at)).bytesWritten);
    }
  }

  return {
    write(data) {
      const turn = writing.then(() => writeAll(data));
      writing = turn.catch(() => {});
      return turn;
    },
    async drain() {
      await writing;
      if (!isOpen || isGone) throw gone();
      // It holds a thread of the pool until the last bit has left, so there is one, however many ask.
      draining ??= track(addon.drain(fd)).finally(() => (draining = undefined));
      await draining.catch((error: unknown) => {
        throw gone(error);
      });
    },
    async read() {
      const buffer = new Uint8Array(chunkBytes);
      try {
        const count = await whenReady(
          readable,
          async () => (await readSome(fd, buffer, 0, chunkBytes, null)).bytesRead,
        );
        return buffer.subarray(0, count);
      } catch (error) {
        if (!isOpen) return undefined;
        throw error;
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      ready.close();
      // Also wakes who waits for the last bit; without it closing waits for a line that flow control holds.
      await addon.flush(fd).catch(() => {});
      await Promise.allSettled([...running]);
      await addon.close(fd).catch(() => {});
    },
  };
}

type Waiter = { event: number; resolve: () => void; reject: (error: unknown) => void };

/** Who waits until the descriptor can be read or written. The add-on's poller hears of one event, once. */
function createReadiness(fd: number, addon: Addon) {
  let waiters: Waiter[] = [];
  let isClosed = false;
  const poller = addon.createPoller(fd, (error, events = 0) => {
    const [woken, rest] = [waiters.filter(({ event }) => error || event & events), waiters];
    waiters = rest.filter((waiter) => !woken.includes(waiter));
    for (const { resolve, reject } of woken) error ? reject(error) : resolve();
    // After a hang-up the poller is deaf.
    if (!error) listen();
  });
  function listen(): void {
    const events = waiters.reduce((sum, { event }) => sum | event, 0);
    if (events !== 0) poller.poll(events);
  }
  return {
    wait(event: number): Promise<void> {
      // libuv aborts the process where it is to watch a descriptor that has been closed.
      if (isClosed) return Promise.reject(new Error("closed"));
      return new Promise((resolve, reject) => {
        waiters.push({ event, resolve, reject });
        listen();
      });
    },
    close(): void {
      isClosed = true;
      poller.close();
      const left = waiters;
      waiters = [];
      for (const { reject } of left) reject(new Error("closed"));
    },
  };
}
