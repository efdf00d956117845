import { defineConfig } from "vitest/config";

const unit = [
  "{protocol,sdk,runtime,drivers,kms-agent,kms,kms-web,studio,manifests,scripts,hardware-in-loop}/**/*.test.ts",
];
// Files ending in .spec.ts start real processes, sandboxes, databases or browsers: they run in forks, three files at a time, for
// more than half of what they do is to wait. Whole systems come after, and at the end, one by one, those that measure time.
const integration = [
  "{protocol,sdk,runtime,drivers,kms-agent,kms,kms-web,studio,manifests,tests,hardware-in-loop}/**/*.spec.ts",
];

const systems = ["tests/first-light/**/*.spec.ts"];
const alone = ["runtime/src/sandbox/{limits,scheduling}.spec.ts", "tests/hostile/**/*.spec.ts", "tests/set-up.spec.ts"];
// An emulated board (hardware-in-loop/emulated) takes 20 times as long, and its host may be busy with other things. What a
// project sets here is stronger than what is said on the command line.
const isGuest = process.env["BULKHEAD_GUEST"] === "1";
const boundMs = isGuest ? 600_000 : 120_000;
/** What is polled for comes; only what does not come is waited for so long. */
const expect = { poll: { timeout: boundMs / 4 } };
const slow = { expect, testTimeout: boundMs, hookTimeout: boundMs, pool: "forks" } as const;

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [...unit, "tests/**/*.test.ts"],
          pool: "threads",
          isolate: false,
          // Ends what hangs; how long a good test takes is the machine's business.
          testTimeout: 300_000,
          hookTimeout: 120_000,
          expect,
        },
      },
      {
        extends: true,
        test: {
          ...slow,
          name: "integration",
          include: integration,
          exclude: [...systems, ...alone, "**/node_modules/**"],
          maxWorkers: isGuest ? 1 : 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { ...slow, name: "systems", include: systems, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: { ...slow, name: "alone", include: alone, fileParallelism: false, sequence: { groupOrder: 3 } },
      },
    ],
  },
});
