/** Calls a server on a Unix socket without a pause, connects again as often as it takes, and tells when a new one answers. */
import { createConnection } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Short enough not to show in what is measured. */
const pauseMs = 1;

/** `nextNew`: resolves with the time (as `process.hrtime.bigint()`) of the first answer of the next connection. */
export type Caller = { readonly nextNew: () => Promise<bigint>; close(): void };

export function openCaller(path: string): Caller {
  let isOpen = true;
  const waiting: ((atNs: bigint) => void)[] = [];

  async function connectAndCall(): Promise<void> {
    const socket = createConnection(path);
    const gone = new Promise<void>((resolve) => socket.on("error", () => undefined).once("close", () => resolve()));
    let isNew = true;
    socket.on("data", () => {
      if (isNew) {
        const atNs = process.hrtime.bigint();
        for (const resolve of waiting.splice(0)) resolve(atNs);
      }
      isNew = false;
      setTimeout(() => socket.write("?"), pauseMs);
    });
    socket.once("connect", () => socket.write("?"));
    await gone;
  }

  async function run(): Promise<void> {
    while (isOpen) {
      await connectAndCall();
      await delay(pauseMs);
    }
  }
  void run();
  return {
    nextNew: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => {
      isOpen = false;
    },
  };
}
