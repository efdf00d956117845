/** Says on standard error what is being done and how long it took: nobody waits without knowing for what. */
export type Progress = {
  /** Runs one step under a name that a person understands. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>;
  note(text: string): void;
};

/** Progress on standard error; a terminal sees the running step before it ends. */
export function showProgress(): Progress {
  const isTerminal = process.stderr.isTTY === true;
  return {
    async step(text, work) {
      const startedAt = performance.now();
      if (isTerminal) process.stderr.write(`  … ${text}`);
      try {
        const result = await work();
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        process.stderr.write(`${isTerminal ? "\r" : ""}  ✓ ${text} (${seconds} s)\n`);
        return result;
      } catch (error) {
        process.stderr.write(`${isTerminal ? "\r" : ""}  ✗ ${text}\n`);
        throw error;
      }
    },
    note: (text) => void process.stderr.write(`  ${text}\n`),
  };
}
