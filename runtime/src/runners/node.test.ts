import { expect, test } from "vitest";
import { nodeEnvironment } from "./execution.ts";
import { nodeOptions } from "./node.ts";

const memoryBytes = 96 * 1024 ** 2;
const cpu = { class: "fair", weight: 100 } as const;

test("[K10] Node collects within its component's memory, not within the board's", () => {
  const options = nodeOptions({ memoryBytes, cpu, attach: [] });
  expect(options).toContain("--max-old-space-size=48");
  expect(options).toContain("--max-semi-space-size=1");
});

test("[K6] a component with a deadline does not wait for threads of V8 that have none", () => {
  const options = nodeOptions({ memoryBytes, cpu: { class: "deadline", budgetUs: 1, periodUs: 2 }, attach: [] });
  expect(options).toContain("--single-threaded");
  expect(options).not.toContain("--expose-gc");
});

test("[K10] a Node that idles is one that gives memory back: it may collect, has one thread beside its own, and glibc is told", async () => {
  const options = nodeOptions({ memoryBytes, cpu, attach: [] });
  expect(options).toEqual(expect.arrayContaining(["--expose-gc", "--v8-pool-size=1"]));
  const told = { MALLOC_ARENA_MAX: "2", MALLOC_TOP_PAD_: "65536", MALLOC_TRIM_THRESHOLD_: "131072" };
  expect(nodeEnvironment).toMatchObject(told);
});

test("[K2] the inspector can be opened where the manifest names it, and nowhere else", () => {
  const named = nodeOptions({ memoryBytes, cpu, attach: ["gdb", "inspector"] });
  expect(named).toContain("--inspect-port=127.0.0.1:9229");
  expect(named).not.toContain("--disable-sigusr1");
  const other = nodeOptions({ memoryBytes, cpu, attach: ["gdb"] });
  expect(other.join(" ")).not.toContain("inspect");
  expect(other.includes("--disable-sigusr1")).toBe(process.allowedNodeEnvironmentFlags.has("--disable-sigusr1"));
});
