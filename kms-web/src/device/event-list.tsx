/** What the server noted about a device: refused connections, failed proofs of identity. Nothing where all was well. */
import { useDeviceEvents } from "../api/queries.ts";
import { Section } from "../parts/section.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

const shownEvents = 20;

export function EventList({ deviceId }: { deviceId: string }) {
  const { data: events } = useDeviceEvents(deviceId);
  if (!events || events.length === 0) return null;
  const newestFirst = [...events].sort((a, b) => b.id - a.id).slice(0, shownEvents);
  return (
    <Section title="Events" flush>
      <ul className="divide-y divide-line text-sm">
        {newestFirst.map(({ id, atMs, code, message }) => (
          <li key={id} className="flex flex-wrap items-baseline gap-3 px-4 py-2.5">
            <span className="grow">{message}</span>
            <span className="font-mono text-xs text-muted">{code}</span>
            <span className="text-xs text-muted">
              <TimeAgo atMs={atMs} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
