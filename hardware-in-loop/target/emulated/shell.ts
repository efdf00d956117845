/** A root shell on a board's console: the bench asks systemd for it on the card's command line; images have none. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Shell } from "../target.ts";
import type { Wire } from "./wire.ts";

/** Words for the kernel's command line that make systemd start a shell there (systemd-debug-generator(8)). */
export const shellWords = (console: string): string => `systemd.debug_shell=${console}`;

export type ConsoleShell = Shell & {
  /** Waits until a shell of the start that began at `from` answers. Throws TARGET_NOT_REACHED. */
  untilThere(boundMs: number, from: number): Promise<void>;
};

/** `askEveryMs`: how long an answer of a shell that may be there is waited for. */
export function openShell(wire: Wire, askEveryMs = 10_000): ConsoleShell {
  let asked = 0;
  /** What a shell makes of it is not what was typed, so an echo is no answer. */
  const ask = (command: string) => {
    asked += 1;
    wire.type(`${command}; echo "<${asked}:$?>"\n`);
    return new RegExp(`<${asked}:(\\d+)>`);
  };
  return {
    async untilThere(boundMs, from) {
      const endMs = performance.now() + boundMs;
      // Not before it has said that it is there: QEMU's PL011 that is full before the kernel's driver has it takes nothing any more.
      await wire.until(/@bulkhead:\S*# /, boundMs, from);
      // What is typed may still be lost, to the questions that systemd has for a terminal.
      for (;;) {
        const rest = endMs - performance.now();
        const answer = ask("true");
        const there = await wire
          .until(answer, Math.min(Math.max(rest, 1), askEveryMs), from)
          .catch((error: unknown) => {
            if (rest < 0) throw error;
          });
        if (there) return;
      }
    },
    async run(command, boundMs) {
      const from = wire.text().length;
      const { match } = await wire.until(ask(command), boundMs, from);
      const said = wire.text().slice(from, from + match.index);
      if (match[1] === "0") return said;
      throw new BulkheadError("DEVICE_FAILED", `the board's shell: ${command}: exit code ${match[1]}`, {
        remedy: `it said: ${said.slice(-400)}`,
      });
    },
    start(command) {
      wire.type(`${command}\n`);
    },
  };
}
