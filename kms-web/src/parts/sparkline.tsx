/** A line of numbers over time, without axes: the shape is the message, the last value stands beside it. */
import { sparklinePath } from "../format/sparkline.ts";

type Props = { values: readonly number[]; label: string };

const width = 480;
const height = 72;

export function Sparkline({ values, label }: Props) {
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" className="h-20 w-full">
      <title>{label}</title>
      <path
        d={sparklinePath(values, width, height)}
        className="fill-none stroke-accent"
        strokeWidth="2"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
