/** Shows how far a card is: on a terminal in one line, elsewhere in a line for each tenth. On standard error. */
import type { Step } from "./flash.ts";

export function showBytes(
  out: { isTTY?: boolean; write(text: string): unknown } = process.stderr,
): (step: Step, done: number, total: number) => void {
  let shown = "";
  return (step, done, total) => {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    const words = `${step} ${out.isTTY ? percent : Math.floor(percent / 10) * 10} %`;
    if (words === shown) return;
    shown = words;
    out.write(out.isTTY ? `\r${words.padEnd(24)}${percent === 100 ? "\n" : ""}` : `${words}\n`);
  };
}
