import { expect, test } from "vitest";
import { nodeOptions } from "./node.ts";

const memoryBytes = 96 * 1024 ** 2;

test("[K10] Node collects within its component's memory, not within the board's", () => {
  const options = nodeOptions({ memoryBytes, cpu: { class: "fair", weight: 100 } });
  expect(options).toEqual(["--max-old-space-size=48", "--max-semi-space-size=1"]);
});

test("[K6] a component with a deadline does not wait for threads of V8 that have none", () => {
  const options = nodeOptions({ memoryBytes, cpu: { class: "deadline", budgetUs: 1, periodUs: 2 } });
  expect(options).toContain("--single-threaded");
});
