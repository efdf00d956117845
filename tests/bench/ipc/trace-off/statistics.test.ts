import { expect, test } from "vitest";
import { estimate } from "./statistics.ts";

/** Numerical Recipes' generator: the same draws each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("[K17] the interval holds the difference that is there, and none where there is none", () => {
  const random = generator(1);
  const noisy = (percent: number) => Array.from({ length: 60 }, () => percent + 2 * (random() - 0.5));
  const half = estimate(noisy(0.5), random);
  expect([half.from < 0.5, half.to > 0.5, half.from > 0]).toEqual([true, true, true]);
  const none = estimate(noisy(0), random);
  expect([none.from < 0, none.to > 0, none.count]).toEqual([true, true, 60]);
});
