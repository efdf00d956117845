/** The closed loop of the greenhouse example, live: temperature over time and the fan. Nothing where there is none. */
import { useTelemetry } from "../api/queries.ts";
import { readGreenhouse } from "../format/telemetry.ts";
import { Section } from "../parts/section.tsx";
import { Sparkline } from "../parts/sparkline.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

export function GreenhouseView({ deviceId }: { deviceId: string }) {
  const { data } = useTelemetry();
  const greenhouse = data && readGreenhouse(data, deviceId);
  if (!greenhouse) return null;
  const { temperatures, fanOn, atMs } = greenhouse;
  const now = temperatures.at(-1);
  const range = `${Math.min(...temperatures).toFixed(1)} to ${Math.max(...temperatures).toFixed(1)} °C`;
  return (
    <Section
      title="Greenhouse"
      aside={
        <span className="text-xs text-muted">
          <TimeAgo atMs={atMs} />
        </span>
      }
    >
      <div className="grid items-center gap-6 md:grid-cols-[auto_1fr]">
        <dl className="flex gap-8">
          <div>
            <dt className="text-xs text-muted">Temperature</dt>
            <dd className="text-3xl font-light tabular-nums">
              {now?.toFixed(1)} <span className="text-base text-muted">°C</span>
            </dd>
          </div>
          <div>
            <dt className="text-xs text-muted">Fan</dt>
            <dd className="flex items-center gap-2 text-3xl font-light">
              <Fan on={fanOn === true} />
              {fanOn === undefined ? "—" : fanOn ? "on" : "off"}
            </dd>
          </div>
        </dl>
        <figure>
          <Sparkline values={temperatures} label={`Temperature, ${temperatures.length} readings from ${range}`} />
          <figcaption className="mt-1 flex justify-between text-xs text-muted">
            <span>{temperatures.length} readings</span>
            <span>{range}</span>
          </figcaption>
        </figure>
      </div>
    </Section>
  );
}

function Fan({ on }: { on: boolean }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      className={`size-7 ${on ? "animate-spin text-accent motion-reduce:animate-none" : "text-muted"}`}
    >
      <path
        fill="currentColor"
        d="M12 11c-2-3-2-8 1-9s4 4 1 8c3-2 8-2 9 1s-4 4-8 1c2 3 2 8-1 9s-4-4-1-8c-3 2-8 2-9-1s4-4 8-1Z"
      />
    </svg>
  );
}
