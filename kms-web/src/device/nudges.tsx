/** Where a device runs with less protection than it could: said on its page until it is so no more. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { ReactNode } from "react";
import type { Device } from "../api/types.ts";
import { missingLayers, reducedComponents } from "../format/level.ts";

export function Nudges({ device, status }: { device: Device; status: DeviceStatus | undefined }) {
  const reduced = reducedComponents(status?.components ?? []);
  const isSafe = status?.mode?.kind === "safe";
  if (!device.unsignedCommands && reduced.length === 0 && !isSafe) return null;
  return (
    <ul className="mt-4 space-y-2" aria-label="Warnings">
      {isSafe && (
        <Nudge>
          This device is in safe mode: only its core servers and the agent run. {status?.mode?.reason}. A restart of the
          runtime, or a new release, leads out of it.
        </Nudge>
      )}
      {device.unsignedCommands && (
        <Nudge>
          This device takes commands without an operator's signature: its board policy waives it, as for development.
          Whoever controls this server can restart its components. For the field, build for a board whose policy demands
          signatures.
        </Nudge>
      )}
      {reduced.length > 0 && (
        <Nudge>
          {reduced.length === 1 ? "A component runs" : `${reduced.length} components run`} below full isolation:{" "}
          {reduced.map(({ name }) => name).join(", ")}. Missing: {missingLayers(reduced).join(", ")}. The level column
          says which component runs without which layer.
        </Nudge>
      )}
    </ul>
  );
}

function Nudge({ children }: { children: ReactNode }) {
  return <li className="rounded-lg border border-warn/40 bg-warn-soft px-4 py-2.5 text-sm text-warn">{children}</li>;
}
