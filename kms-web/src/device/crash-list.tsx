/** The last crashes of a device's components, each with its stack and last lines. Nothing where there were none. */
import type { CrashRecord, TraceEntry } from "@bulkhead/protocol";
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

function Crash({
  crash: { atMs, component, incarnation, reason, stack, lines, trace, ...crash },
}: {
  crash: CrashRecord;
}) {
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
        {describeUse(crash.use)}
      </p>
      {stack !== null && <Text title="Stack">{stack}</Text>}
      {lines.length > 0 && <Text title="Last lines">{lines.map(({ text }) => text).join("\n")}</Text>}
      {trace && (
        <Text title="Last of its trace">
          {trace.entries.map((entry) => describeEntry(entry, crash.life)).join("\n")}
        </Text>
      )}
    </details>
  );
}

function describeUse(use: CrashRecord["use"]): string {
  if (!use) return "";
  if (!use.limited) return ", no limit enforced";
  const count = (what: string, number: number | null) => (number ? `, ${what} ${number}\u00d7` : "");
  return [
    use.processesPeak === null ? "" : `, ${use.processesPeak} processes at most`,
    count("at the memory limit", use.memoryLimitHits),
    count("refused a process", use.processLimitHits),
    count("made to wait for the processor", use.throttled),
  ].join("");
}

/** Milliseconds before its end, and what it did. */
function describeEntry(entry: TraceEntry, life: CrashRecord["life"]): string {
  const at = life ? `${((entry[0] - life.toUs) / 1000).toFixed(1)} ms` : `${entry[0]} \u00b5s`;
  if (entry[1] === "s") return `${at}  recording begins`;
  if (entry[1] === "m") return `${at}  ${entry[2]}`;
  const [, kind, side, channel, operation] = entry;
  const call = `${side === "client" ? "calls" : "serves"} ${channel}.${operation}`;
  return `${at}  ${call}${kind === "b" ? "" : `: ${entry[6] ?? "done"}`}`;
}

function Text({ title, children }: { title: string; children: string }) {
  return (
    <figure className="mt-2">
      <figcaption className="text-xs text-muted">{title}</figcaption>
      <pre className="overflow-x-auto font-mono text-xs">{children}</pre>
    </figure>
  );
}
