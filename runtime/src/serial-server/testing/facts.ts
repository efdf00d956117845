/** The root server's facts of a crash, for tests. */
import type { CrashFacts } from "@bulkhead/protocol";

export const facts = (more: Partial<CrashFacts> = {}): CrashFacts => ({
  atMs: 1,
  component: "climate",
  incarnation: 1,
  generation: 1,
  release: "greenhouse 1.0.0",
  reason: "climate exited with code 1",
  exit: { code: 1, signal: null, outOfMemory: false },
  stack: "at work",
  limits: { memoryBytes: 1, processes: 1, cpu: { class: "fair", weight: 100 } },
  memoryPeakBytes: null,
  ...more,
});
