/** What the components of a device measured: the latest value of each stream, its course, and what was lost. Nothing where there is none. */
import { useDeviceTelemetry } from "../api/queries.ts";
import type { Loss, TelemetryStream } from "../api/types.ts";
import { describeLoss, formatReading } from "../format/readings.ts";
import { Section } from "../parts/section.tsx";
import { Sparkline } from "../parts/sparkline.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

/** More are in `bulkhead device telemetry --json`. */
const shownLosses = 5;

export function TelemetryView({ deviceId }: { deviceId: string }) {
  const { data } = useDeviceTelemetry(deviceId);
  if (!data || (data.streams.length === 0 && data.losses.length === 0)) return null;
  return (
    <Section title="Telemetry" flush>
      <ul className="divide-y divide-line text-sm">
        {data.streams.map((stream) => (
          <li key={`${stream.component}.${stream.stream}`} className="px-4 py-3">
            <Stream stream={stream} />
          </li>
        ))}
      </ul>
      {data.losses.length > 0 && <Losses losses={data.losses} />}
    </Section>
  );
}

function Stream({ stream: { component, stream, unit, points } }: { stream: TelemetryStream }) {
  const values = points.map(({ value }) => value);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  const range = `${formatReading(Math.min(...values), unit)} to ${formatReading(Math.max(...values), unit)}`;
  return (
    <div className="grid items-center gap-x-6 gap-y-2 md:grid-cols-[14rem_1fr]">
      <div>
        <div className="font-mono text-xs text-muted">
          {component}.{stream}
        </div>
        <div className="text-2xl font-light tabular-nums">{formatReading(last.value, unit)}</div>
        <div className="text-xs text-muted">
          <TimeAgo atMs={last.atMs} />
        </div>
      </div>
      <figure>
        <Sparkline values={values} label={`${component}.${stream}, ${values.length} samples from ${range}`} />
        <figcaption className="mt-1 flex justify-between text-xs text-muted">
          <span>
            {values.length} samples since <TimeAgo atMs={first.atMs} />
          </span>
          <span>{range}</span>
        </figcaption>
      </figure>
    </div>
  );
}

function Losses({ losses }: { losses: readonly Loss[] }) {
  return (
    <ul className="border-t border-line bg-warn-soft px-4 py-2 text-sm text-warn">
      {losses.slice(0, shownLosses).map((loss) => (
        <li key={`${loss.notedAtMs} ${loss.stream} ${loss.fromMs}`}>{describeLoss(loss)}</li>
      ))}
    </ul>
  );
}
