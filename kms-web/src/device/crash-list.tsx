/** The last crashes of a device's components, each with its stack and last lines. Nothing where there were none. */
import type { CrashRecord } from "@bulkhead/protocol";
import { useCrashes } from "../api/queries.ts";
import { formatBytes } from "../format/bytes.ts";
import { Section } from "../parts/section.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

export function CrashList({ deviceId }: { deviceId: string }) {
  const { data } = useCrashes(deviceId);
  if (!data?.crashes || data.crashes.length === 0) return null;
  return (
    <Section title="Crashes" flush>
      <ul className="divide-y divide-line text-sm">
        {data.crashes.map((crash) => (
          <li key={`${crash.atMs} ${crash.component} ${crash.incarnation}`} className="px-4 py-2.5">
            <Crash crash={crash} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Crash({ crash: { atMs, component, incarnation, reason, stack, lines, ...crash } }: { crash: CrashRecord }) {
  const peak = crash.memoryPeakBytes === null ? "" : `, ${formatBytes(crash.memoryPeakBytes)} of memory at most`;
  return (
    <details>
      <summary className="flex cursor-pointer flex-wrap items-baseline gap-3">
        <span className="grow">{reason}</span>
        <span className="font-mono text-xs text-muted">
          {component} {incarnation}
        </span>
        <span className="text-xs text-muted">
          <TimeAgo atMs={atMs} />
        </span>
      </summary>
      <p className="mt-2 text-xs text-muted">
        generation {crash.generation} ({crash.release}), limit {formatBytes(crash.limits.memoryBytes)}
        {peak}
      </p>
      {stack !== null && <Text title="Stack">{stack}</Text>}
      {lines.length > 0 && <Text title="Last lines">{lines.map(({ text }) => text).join("\n")}</Text>}
    </details>
  );
}

function Text({ title, children }: { title: string; children: string }) {
  return (
    <figure className="mt-2">
      <figcaption className="text-xs text-muted">{title}</figcaption>
      <pre className="overflow-x-auto font-mono text-xs">{children}</pre>
    </figure>
  );
}
