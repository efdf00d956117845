/** One device in the list. */
import type { Device } from "../api/types.ts";
import { Badge } from "../parts/badge.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { Link } from "../shell/link.tsx";
import { ConnectionBadge } from "./connection-badge.tsx";

export function DeviceRow({ device }: { device: Device }) {
  const { id, name, release, generation, lastSeenMs } = device;
  return (
    <tr className="border-b border-line last:border-0 hover:bg-raised">
      <th scope="row" className="px-4 py-3">
        <Link to={`/devices/${id}`} className="font-medium text-accent hover:underline">
          {name}
        </Link>
        <div className="font-mono text-xs font-normal text-muted">{id}</div>
      </th>
      <td className="px-4 py-3">
        <ConnectionBadge device={device} />
      </td>
      <td className="px-4 py-3">{release ? `${release.name} ${release.version}` : "—"}</td>
      <td className="px-4 py-3 tabular-nums">{generation ?? "—"}</td>
      <td className="px-4 py-3">
        <ComponentCount device={device} />
      </td>
      <td className="px-4 py-3 text-muted">{lastSeenMs === null ? "never" : <TimeAgo atMs={lastSeenMs} />}</td>
    </tr>
  );
}

function ComponentCount({ device: { components, connected } }: { device: Device }) {
  if (!components) return <span className="text-muted">—</span>;
  const { total, ready, failed } = components;
  // What was last known of a device that is away is no good news.
  if (!connected) return <Badge tone="quiet">{`${ready} of ${total} ready when last seen`}</Badge>;
  if (failed > 0) return <Badge tone="bad">{`${failed} failed`}</Badge>;
  return <Badge tone={ready === total ? "good" : "warn"}>{`${ready} of ${total} ready`}</Badge>;
}
