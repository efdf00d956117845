import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredLogLine } from "../api/types.ts";
import { keptLines, mergeLines } from "./log-buffer.ts";

const line = (id: number): StoredLogLine => ({
  id,
  sequence: id,
  atMs: id,
  component: "a",
  stream: "out",
  text: `${id}`,
});
const ids = (lines: readonly StoredLogLine[]) => lines.map(({ id }) => id);

test("[M8] lines come out once and in order, in whatever order and however often they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(500))), (batches) => {
      const merged = batches.reduce<readonly StoredLogLine[]>(
        (buffer, batch) => mergeLines(buffer, batch.map(line)),
        [],
      );
      expect(ids(merged)).toEqual([...new Set(batches.flat())].sort((a, b) => a - b));
    }),
  );
});

test("[M8] only the newest lines are kept", () => {
  const merged = mergeLines(
    Array.from({ length: keptLines }, (_, id) => line(id)),
    [line(keptLines), line(keptLines + 1)],
  );
  expect(merged).toHaveLength(keptLines);
  expect([merged[0]?.id, merged.at(-1)?.id]).toEqual([2, keptLines + 1]);
});
