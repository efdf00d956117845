/** The root server that counts, or does not. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFileQuestions } from "./open-files.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function bench() {
  const told: string[] = [];
  let answer: (body: { open: Record<string, number> }) => void = () => undefined;
  const count = createFileQuestions({
    hear: (_kind, _schema, handler) => {
      answer = handler as typeof answer;
    },
    tellRoot: (kind) => told.push(kind),
  });
  return { told, count, answer: (open: Record<string, number>) => answer({ open }) };
}

test("[K6] who asks while the root server counts has the same answer, and asks no more of it", async () => {
  const { told, count, answer } = bench();
  const both = [count(), count()];
  answer({ climate: 7 });
  expect(await Promise.all(both)).toEqual([{ climate: 7 }, { climate: 7 }]);
  expect(told).toEqual(["files"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("[K6] a count that does not come holds no report up, and neither the next, which asks again", async () => {
  const { told, count, answer } = bench();
  const first = count();
  vi.advanceTimersByTime(2000);
  expect(await first).toEqual({});
  const second = count();
  expect(told).toEqual(["files", "files"]);
  answer({ climate: 8 });
  expect(await second).toEqual({ climate: 8 });
});

test("[K6] an answer that nobody waits for is none of the next question's", async () => {
  const { count, answer } = bench();
  answer({ climate: 1 });
  const next = count();
  answer({ climate: 9 });
  expect(await next).toEqual({ climate: 9 });
});
