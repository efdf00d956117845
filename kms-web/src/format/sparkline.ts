/** The geometry of a sparkline. */

/** Room above and below, so that the line's width is not cut off. */
const margin = 4;

/**
 * An SVG path through `values` from left to right, the smallest at the bottom; a constant runs through the middle.
 *
 * @returns the `d` attribute; empty for fewer than two values
 */
export function sparklinePath(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return "";
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  const x = (index: number) => (index / (values.length - 1)) * width;
  const y = (value: number) =>
    range === 0 ? height / 2 : height - margin - ((value - low) / range) * (height - 2 * margin);
  return values.map((value, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}
