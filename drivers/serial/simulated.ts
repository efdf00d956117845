/** The back-end of board `virtual`: every port is a loop, what is sent comes back, as slowly as the line would carry it. */
import { setTimeout as wait } from "node:timers/promises";
import { BulkheadError } from "@bulkhead/protocol";
import type { SerialSettings } from "@bulkhead/sdk";
import type { Bytes, SerialDriver, SerialPort } from "./driver.ts";

/** As much as the kernel keeps of a tty that nobody reads (N_TTY_BUF_SIZE); what is more is lost. */
const bufferBytes = 4096;

export function simulatedSerial(): SerialDriver {
  const open = new Set<string>();
  return {
    async open(port, settings) {
      if (open.has(port)) throw new BulkheadError("SERIAL_PORT_BUSY", `${port} has been opened already`);
      open.add(port);
      return loop(port, settings, () => open.delete(port));
    },
  };
}

function loop(port: string, settings: SerialSettings, onClose: () => void): SerialPort {
  const buffer: number[] = [];
  let isOpen = true;
  let line = Promise.resolve();
  let wake: () => void = () => {};

  const carry = async (data: Bytes): Promise<void> => {
    await wait((data.length * bitsOf(settings) * 1000) / settings.speed);
    buffer.push(...data.subarray(0, bufferBytes - buffer.length));
    wake();
  };
  const refuseClosed = (): void => {
    if (!isOpen) throw new BulkheadError("SERIAL_PORT_GONE", `${port} has been closed`);
  };
  return {
    async write(data) {
      refuseClosed();
      line = line.then(() => carry(data));
      await line;
      refuseClosed();
    },
    async drain() {
      await line;
      refuseClosed();
    },
    async read() {
      while (isOpen && buffer.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return isOpen ? Uint8Array.from(buffer.splice(0)) : undefined;
    },
    async close() {
      if (isOpen) onClose();
      isOpen = false;
      wake();
    },
  };
}

/** Of one byte on the line: a start bit before it, parity and stop bits behind it. */
const bitsOf = ({ dataBits, parity, stopBits }: SerialSettings): number =>
  1 + dataBits + (parity === "none" ? 0 : 1) + stopBits;
