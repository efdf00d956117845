import type { CrashRecord } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { formatCrash } from "./format-crashes.ts";

const nowMs = 1_800_000_000_000;
const crash: CrashRecord = {
  atMs: nowMs - 5000,
  component: "climate",
  incarnation: 3,
  generation: 2,
  release: "greenhouse 1.0.0",
  reason: "climate exited with code 1",
  exit: { code: 1, signal: null, outOfMemory: false },
  stack: null,
  limits: { memoryBytes: 48 * 1024 ** 2, processes: 16, cpu: { class: "fair", weight: 100 } },
  memoryPeakBytes: 31 * 1024 ** 2,
  use: { limited: true, cpuUs: 1_250_000, processesPeak: 16, memoryLimitHits: 0, processLimitHits: 2, throttled: 1 },
  life: { fromUs: 1_000_000, toUs: 61_500_000 },
  lines: [],
  trace: {
    entries: [
      [61_480_000, "b", "provider", "telemetry.climate", "read", 7],
      [61_490_500, "e", "client", "fan", "set", 9, "PEER_GONE"],
      [61_499_000, "m", "about to \u001b[2J"],
    ],
    damaged: 1,
  },
  skipped: 0,
};

test("[K2] a crash is shown with its limits, what was taken of them, and what it did last", () => {
  const lines = formatCrash(crash, nowMs).split("\n");
  expect(lines).toContain(
    "lived 60.5 s · worked 1.25 s as class fair · 16 processes at once · refused a process 2 times · made to wait for the processor once",
  );
  expect(lines.slice(-5)).toEqual([
    "last of its trace, in milliseconds before its end:",
    "       -20.000  serves telemetry.climate.read #7",
    "        -9.500  calls fan.set #9: failed with PEER_GONE",
    "        -1.000  about to \\u001b[2J",
    "  1 more lines are no entries",
  ]);
});

test("[K8] where nothing was enforced that is said; a record of an older device has neither use nor trace", () => {
  const { use, trace, life, ...older } = crash;
  expect(formatCrash(older, nowMs)).not.toMatch(/lived|trace/);
  expect(use && life && trace).toBeDefined();
  const free = {
    limited: false,
    cpuUs: null,
    processesPeak: null,
    memoryLimitHits: null,
    processLimitHits: null,
    throttled: null,
  };
  expect(formatCrash({ ...crash, use: free }, nowMs)).toContain(
    "no limit was enforced: the device has no control groups",
  );
});
