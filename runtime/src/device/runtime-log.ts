/** The root server's own lines: to its standard error, and to the console by the FIFO `runtime`. Never blocks, never throws. */
import { constants, openSync, writeSync } from "node:fs";

export type RuntimeLog = {
  line(text: string): void;
  /** From now on the lines go to this FIFO too. */
  openConsole(path: string): void;
};

/**
 * Text as one line: it may come from a component, and two line ends in one write would be two lines. Nor may it steer the
 * terminal of who reads the log: \p{C} are controls and the marks that turn the direction of writing around.
 */
export function oneLine(text: string): string {
  const line = text.slice(0, 4000).replaceAll(/\s*[\r\n\u2028\u2029]+\s*/g, " | ");
  return line.replace(
    /[^\P{C}\t]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

export function createRuntimeLog(): RuntimeLog {
  let descriptor: number | undefined;
  let lost = 0;

  function write(text: string): void {
    if (descriptor === undefined) return;
    try {
      const note = lost > 0 ? `${lost} lines of the runtime were lost\n` : "";
      writeSync(descriptor, `${note}${text}\n`);
      lost = 0;
    } catch {
      // The pipe is full: nobody reads the console now, and supervision must not wait for it.
      lost += 1;
    }
  }

  return {
    line(text) {
      const line = oneLine(text);
      process.stderr.write(`${new Date().toISOString()} ${line}\n`);
      write(line);
    },
    openConsole(path) {
      descriptor ??= openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    },
  };
}
