/** One component of a device. */
import type { ComponentState, ComponentStatus } from "@bulkhead/protocol";
import type { Device } from "../api/types.ts";
import { describeRole } from "../format/role.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { CommandButton } from "./command-button.tsx";
import { LevelView } from "./level-view.tsx";

const tones: Record<ComponentState, Tone> = {
  ready: "good",
  starting: "warn",
  waiting: "quiet",
  stopping: "warn",
  "backing-off": "warn",
  stopped: "quiet",
  held: "bad",
  failed: "bad",
};

export function ComponentRow({ device, component }: { device: Device; component: ComponentStatus }) {
  const { name, state, incarnation, restarts, lastReason, level } = component;
  return (
    <tr className="border-b border-line align-top last:border-0">
      <th scope="row" className="px-4 py-2.5">
        {name}
        <div className="text-xs font-normal text-muted">{describeRole(component)}</div>
      </th>
      <td className="px-4 py-2.5">
        <Badge tone={tones[state]}>{state}</Badge>
        {component.attached && <Badge tone="warn">{component.attached.join(", ")} attached</Badge>}
      </td>
      <td className="px-4 py-2.5 tabular-nums">{incarnation}</td>
      <td className="px-4 py-2.5 tabular-nums">{restarts}</td>
      <td className="max-w-72 min-w-48 px-4 py-2.5 break-words">
        {lastReason ? (
          <>
            {lastReason.text}
            <div className="text-xs text-muted">
              <TimeAgo atMs={lastReason.atMs} />
            </div>
          </>
        ) : (
          <span className="text-muted">—</span>
        )}
      </td>
      <td className="px-4 py-2.5">
        <LevelView level={level} />
      </td>
      <td className="px-4 py-2.5 text-right">
        <CommandButton
          small
          device={device}
          label="Restart"
          description={`Restart ${name}`}
          question={`Restart ${name}?`}
          command={{ kind: "restart-component", component: name }}
        >
          {name} stops and starts again, and so does every component that strongly depends on it.
        </CommandButton>
      </td>
    </tr>
  );
}
