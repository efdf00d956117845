/** The components of a device with their state, their restarts and what isolates them. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { Device } from "../api/types.ts";
import { Note } from "../parts/note.tsx";
import { Section } from "../parts/section.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { ComponentRow } from "./component-row.tsx";

const columns = ["Component", "State", "Incarnation", "Restarts", "Last reason", "Level", ""];
const order = ["application", "driver", "agent", "core"];

type Props = { device: Device; status: DeviceStatus | undefined; receivedAtMs: number | null };

export function ComponentTable({ device, status, receivedAtMs }: Props) {
  const components = [...(status?.components ?? [])].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  return (
    <Section title="Components" aside={device.connected || <LastReport atMs={receivedAtMs} />} flush>
      {components.length === 0 && <Note>The device has not reported its components yet.</Note>}
      {components.length > 0 && (
        <table className="w-full text-sm">
          <thead className="border-b border-line text-xs text-muted">
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col" className="px-4 py-2">
                  {column || <span className="sr-only">Actions</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {components.map((component) => (
              <ComponentRow key={component.name} device={device} component={component} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

/** What was last known of a device that is away may be so no more. */
function LastReport({ atMs }: { atMs: number | null }) {
  if (atMs === null) return null;
  return (
    <span className="text-xs text-warn">
      as the device last reported, <TimeAgo atMs={atMs} />
    </span>
  );
}
