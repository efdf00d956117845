import { defineConfig } from "vitest/config";

// Specifications that need a board's devices: they run inside emulated boards (`npm run prove -- drivers`), and on real ones.
const boundMs = 1_800_000;
export default defineConfig({
  test: {
    include: ["{drivers,runtime,hardware-in-loop}/**/*.board.ts"],
    pool: "forks",
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: boundMs,
    hookTimeout: boundMs,
    expect: { poll: { timeout: boundMs / 4 } },
  },
});
