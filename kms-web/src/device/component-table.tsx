/** The components of a device with their state, their restarts and what isolates them. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { Device } from "../api/types.ts";
import { Note } from "../parts/note.tsx";
import { Section } from "../parts/section.tsx";
import { ComponentRow } from "./component-row.tsx";

const columns = ["Component", "State", "Incarnation", "Restarts", "Last reason", "Level", ""];
const order = ["application", "driver", "agent", "core"];

export function ComponentTable({ device, status }: { device: Device; status: DeviceStatus | undefined }) {
  const components = [...(status?.components ?? [])].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  return (
    <Section title="Components" flush>
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
