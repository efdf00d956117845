/** Says once per generation how long its start took: what a board, and a change of the runtime, is compared by. */
import type { RuntimeLog } from "../device/index.ts";

/** Starts the clock; to be called whenever all permanent components are ready. */
export function createReadyLine(log: RuntimeLog, generation: number): () => void {
  const beganMs = performance.now();
  let isTold = false;
  return () => {
    if (isTold) return;
    isTold = true;
    const nowMs = performance.now();
    const tookMs = Math.round(nowMs - beganMs);
    log.line(
      `generation ${generation}: all components are ready, ${tookMs} ms after it began, ${Math.round(nowMs)} ms after the root server`,
    );
  };
}
