/** What many noisy figures of a small difference say: their median, and how far it can be trusted. Pure. */

/** `from` and `to`: the 95 % interval. */
export type Estimate = { readonly percent: number; readonly from: number; readonly to: number; readonly count: number };

const resamples = 4000;
const confidence = 0.95;

export function median(values: readonly number[]): number {
  return middleOf(Float64Array.from(values).sort());
}

function middleOf(sorted: Float64Array): number {
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2;
}

/** By the bootstrap (Efron, 1979), which asks nothing of how the noise is distributed. `random` in [0, 1). */
export function estimate(values: readonly number[], random = Math.random): Estimate {
  const medians = new Float64Array(resamples);
  const drawn = new Float64Array(values.length);
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < drawn.length; j++) drawn[j] = values[Math.floor(random() * values.length)] ?? Number.NaN;
    medians[i] = middleOf(drawn.sort());
  }
  medians.sort();
  const at = (share: number) => medians[Math.round(share * (resamples - 1))] ?? Number.NaN;
  const tail = (1 - confidence) / 2;
  return { percent: median(values), from: at(tail), to: at(1 - tail), count: values.length };
}
