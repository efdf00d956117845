import { defineConfig } from "vitest/config";
import { BenchReporter } from "./hardware-in-loop/report/reporter.ts";

// Suites on a station (`npm run hil`): one file, which opens the bench once and runs them all in order.
export default defineConfig({
  test: {
    include: ["hardware-in-loop/run/bench.hil.ts"],
    pool: "forks",
    fileParallelism: false,
    hookTimeout: 180_000,
    reporters: ["verbose", "junit", new BenchReporter()],
  },
});
