import { expect, test } from "vitest";
import { formatAgo, formatColumns } from "./columns.ts";

test("[S8] columns are as wide as their widest cell, and no line ends with spaces", () => {
  const rows = [
    ["NAME", "STATE"],
    ["climate", "ready"],
    ["a", ""],
  ];
  expect(formatColumns(rows)).toBe("NAME     STATE\nclimate  ready\na");
});

test.each([
  [0, "now"],
  [-5000, "now"],
  [1000, "1 s ago"],
  [59_999, "59 s ago"],
  [60_000, "1 min ago"],
  [3_599_999, "59 min ago"],
  [3_600_000, "1 h ago"],
  [47 * 3_600_000, "47 h ago"],
  [49 * 3_600_000, "2 d ago"],
])("[S8] %i ms are %s", (ms, text) => {
  expect(formatAgo(1_800_000_000_000 - ms, 1_800_000_000_000)).toBe(text);
});
