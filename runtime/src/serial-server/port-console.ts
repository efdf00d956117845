/**
 * Sends the console's lines out by a serial port: `<time> <component> <text>`. A line of 115200 baud carries 11 kB a second, so
 * what it does not take in time is left out and counted in its place; nobody waits for it. So is what was on its way when the
 * port or its driver failed, and no more than that. Nothing is read from the port.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Client, maxSerialWriteBytes, type serialPortInterface } from "@bulkhead/sdk";
import type { NewLine } from "./ring.ts";

/** What may wait for the line: a second and a half at 115200 baud. */
export const waitingBytes = 16 * 1024;
/** After a port could not be opened or written; it may be unplugged for days. */
const retryMs = 1_000;
/** A line that is held up longer than this by its other end is opened anew, which throws away what was on its way. */
const deadlineMs = 5_000;

export type PortConsole = { append(line: NewLine): void; stop(): void };

export function createPortConsole(
  port: Client<typeof serialPortInterface>,
  speed: number,
  pauseMs: number = retryMs,
): PortConsole {
  /** Half a second of the line, so that a write is answered in time at any speed. */
  const pieceBytes = Math.min(maxSerialWriteBytes, Math.max(16, Math.floor(speed / 20)));
  let waiting = Buffer.alloc(0);
  let leftOut = 0;
  let isOpen = false;
  let isRunning = false;
  let isStopped = false;
  // The driver that comes back knows nothing of what was opened.
  port.channel.onPeer(() => {
    isOpen = false;
  });

  function add(text: string): boolean {
    const bytes = Buffer.from(`${text}\r\n`);
    if (waiting.length + bytes.length > waitingBytes) return false;
    waiting = Buffer.concat([waiting, bytes]);
    return true;
  }

  /** Nobody knows how much of `piece` has left, and a line twice is worse than half of one; the rest of its last line goes with it. */
  function lose(piece: Buffer): void {
    const rest = piece.at(-1) === lineEnd ? 0 : waiting.indexOf(lineEnd) + 1;
    const lost = Buffer.concat([piece, waiting.subarray(0, rest)]).toString();
    const note = `\r\n${noteOf(countLines(lost))}\r\n`;
    waiting = Buffer.concat([Buffer.from(note), waiting.subarray(rest)]);
  }

  /** One step on the way of what waits: opens the port, or writes a piece. */
  async function step(): Promise<void> {
    if (leftOut > 0 && add(noteOf(leftOut))) leftOut = 0;
    if (!isOpen) {
      await port.open({ speed }, { deadlineMs });
      isOpen = true;
    }
    const piece = waiting.subarray(0, pieceBytes);
    waiting = waiting.subarray(piece.length);
    await port.write({ data: new Uint8Array(piece) }, { deadlineMs }).catch((error: unknown) => {
      lose(piece);
      throw error;
    });
  }

  async function run(): Promise<void> {
    isRunning = true;
    while ((waiting.length > 0 || leftOut > 0) && !isStopped) {
      await step().catch(async () => {
        isOpen = false;
        await wait(pauseMs, undefined, { ref: false });
      });
    }
    isRunning = false;
  }

  return {
    append({ atMs, component, text }) {
      // Behind a gap that has not been told yet no line may stand.
      if (leftOut > 0 || !add(`${new Date(atMs).toISOString()} ${component} ${text}`)) leftOut += 1;
      if (!isRunning) void run();
    },
    stop() {
      isStopped = true;
    },
  };
}

const lineEnd = 0x0a;
const noteOf = (count: number) => `… ${count} ${count === 1 ? "line" : "lines"} left out`;

/** A note that was lost counts as what it told of. */
function countLines(text: string): number {
  const lines = text.split("\r\n").filter((one) => one !== "");
  return lines.reduce((sum, one) => sum + Number(/^… (\d+) lines? left out$/.exec(one)?.[1] ?? 1), 0);
}
