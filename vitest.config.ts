import { defineConfig } from "vitest/config";

const unit = ["{protocol,sdk,runtime,drivers,kms-agent,kms,kms-web,studio,manifests,scripts}/**/*.test.ts"];
// Files ending in .spec.ts start real processes, sandboxes, databases or browsers: they run in forks, one file at a time.
const integration = ["{protocol,sdk,runtime,drivers,kms-agent,kms,kms-web,studio,manifests,tests}/**/*.spec.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: [...unit, "tests/**/*.test.ts"], pool: "threads", isolate: false },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: integration,
          pool: "forks",
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
