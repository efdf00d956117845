import { defineConfig } from "vitest/config";

// Long proofs (`npm run prove -- <topic>`): too long for `npm test`, so they have a configuration of their own.
export default defineConfig({
  test: {
    include: ["tests/prove/**/*.prove.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 1_800_000,
    // Runs of emulated boards have a bound of their own (hardware-in-loop/emulated/specs.ts).
    hookTimeout: 6_000_000,
    reporters: ["verbose"],
  },
});
