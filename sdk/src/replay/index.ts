/** For `bulkhead replay`, and for tests that hold a component to a record of it. */

export { replayProcess } from "./process.ts";
export { type Replayed, replay } from "./replay.ts";
export type { Difference } from "./score.ts";
