/** QEMU's test protocol (system/qtest.c): drives a device's input lines, and tells when its output lines change. */
import { connectLines } from "./connection.ts";
import type { Level } from "./stimulus.ts";

export type Qtest = {
  /** The caller has checked that the device has the line: QEMU ends itself where it has not. */
  drive(path: string, line: number, level: Level): Promise<void>;
  /** Begins to watch all outputs of a device. QEMU watches one device in its life. */
  watch(path: string): Promise<void>;
  /** As last told. */
  level(line: number): Level | null;
  close(): void;
};

export async function connectQtest(path: string): Promise<Qtest> {
  const levels = new Map<number, Level>();
  const connection = await connectLines(path, (line) => {
    const change = /^IRQ (raise|lower) (\d+)$/.exec(line);
    if (change !== null) levels.set(Number(change[2]), change[1] === "raise" ? 1 : 0);
    return change === null;
  });
  const command = async (line: string) => {
    const answer = await connection.exchange(line);
    if (!answer.startsWith("OK")) throw new Error(`QEMU refuses ${line}: ${answer}`);
  };
  return {
    drive: (device, line, level) => command(`set_irq_in ${device} unnamed-gpio-in ${line} ${level}`),
    watch: (device) => command(`irq_intercept_out ${device}`),
    level: (line) => levels.get(line) ?? null,
    close: connection.close,
  };
}
