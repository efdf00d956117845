import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRefusalLog } from "./refusal-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("[M+] refusals are told at once, then once a minute with how many there were, each kind for itself", () => {
  const lines: string[] = [];
  const note = createRefusalLog((text, fields) => void lines.push(`${text} ${JSON.stringify(fields)}`));
  for (let count = 0; count < 1000; count += 1) note("COMMAND_UNSIGNED", `command ${count}`, "no signature");
  note("OPERATOR_UNKNOWN", "command x", "a stranger");
  expect(lines).toEqual([
    'refused command 0: COMMAND_UNSIGNED: no signature {"refused":1}',
    'refused command x: OPERATOR_UNKNOWN: a stranger {"refused":1}',
  ]);
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(2)).toEqual(['refused 999 more: COMMAND_UNSIGNED {"refused":1000}']);
  note("COMMAND_UNSIGNED", "command y", "no signature");
  expect(lines.at(-1)).toBe('refused command y: COMMAND_UNSIGNED: no signature {"refused":1001}');
});
