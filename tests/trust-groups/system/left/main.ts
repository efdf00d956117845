/** The first of the two that share a process; it fails at a word, in a place where nobody catches it. */
import { station } from "../ring.ts";

export const component = station((trail) => {
  if (!trail.startsWith("break")) return;
  process.nextTick(() => {
    throw new Error("left broke on purpose");
  });
});
