/** Chips as far as their data sheets say what they answer, for tests without a bus. Each is a model of one chip, not of its driver. */
import type { SimulatedDevice } from "../simulated.ts";

/** An SST25VF016B ("Instructions"), which is never busy: each call is a transfer, from being selected to being let go. */
export function flashMemory(): SimulatedDevice {
  const memory = new Uint8Array(2 * 1024 * 1024).fill(0xff);
  let canWrite = false;
  const addressIn = ([, high = 0, middle = 0, low = 0]: Uint8Array) => (high << 16) | (middle << 8) | low;
  const answered = (write: Uint8Array, from: number, byte: (at: number) => number) =>
    Uint8Array.from(write, (_, at) => (at < from ? 0 : byte(at - from)));

  return (write) => {
    const address = addressIn(write);
    switch (write[0]) {
      case 0x9f:
        return answered(write, 1, (at) => [0xbf, 0x25, 0x41][at] ?? 0);
      case 0x05:
        return answered(write, 1, () => (canWrite ? 2 : 0));
      case 0x03:
        return answered(write, 4, (at) => memory[address + at] ?? 0);
      case 0x06:
        canWrite = true;
        break;
      case 0x04:
        canWrite = false;
        break;
      case 0x20:
        if (canWrite) memory.fill(0xff, address & ~0xfff, (address & ~0xfff) + 0x1000);
        canWrite = false;
        break;
      case 0x02:
        // What is programmed makes zeros of ones alone.
        if (canWrite) memory[address] = (memory[address] ?? 0) & (write[4] ?? 0xff);
        canWrite = false;
        break;
    }
    return answered(write, write.length, () => 0);
  };
}
