/** Numbers that people give as options. */
import { BulkheadError } from "@bulkhead/protocol";

/** An integer from `least` to `most`. Throws USAGE naming the option. */
export function integerOption(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
  throw new BulkheadError("USAGE", `--${option} ${text} is not an integer from ${least} to ${most}`);
}
