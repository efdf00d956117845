/** The head of the device page: name, connection, running release, and what can be asked of the whole device. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { ReactNode } from "react";
import type { Device } from "../api/types.ts";
import { ConnectionBadge } from "../devices/connection-badge.tsx";
import { Badge, type Tone } from "../parts/badge.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { Link } from "../shell/link.tsx";
import { CommandButton } from "./command-button.tsx";

const updateTones: Record<DeviceStatus["update"]["state"], Tone> = {
  idle: "quiet",
  trying: "warn",
  committed: "good",
  "rolled-back": "bad",
};

export function DeviceHead({ device, status }: { device: Device; status: DeviceStatus | undefined }) {
  const { id, name, release, generation, connected, connectedAtMs, lastSeenMs } = device;
  const handshakeMs = device.tunnel?.latestHandshakeMs ?? null;
  return (
    <>
      <nav className="text-sm text-muted">
        <Link to="/" className="hover:underline">
          ← Devices
        </Link>
      </nav>
      <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="text-xl font-semibold tracking-tight">{name}</h1>
        <ConnectionBadge device={device} />
        <span className="grow" />
        <CommandButton
          device={device}
          label="Verify"
          question="Compare what runs with the system?"
          command={{ kind: "verify" }}
        >
          The device reads from its kernel what each component of {name} has, and reports every difference. Nothing
          stops.
        </CommandButton>
        <CommandButton
          device={device}
          label="Restart runtime"
          question="Restart the whole runtime?"
          command={{ kind: "restart-runtime" }}
        >
          Every component of {name} stops and starts again. Its outputs go to their safe state meanwhile.
        </CommandButton>
      </div>
      <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-4 rounded-lg border border-line bg-surface p-4 text-sm md:grid-cols-4">
        <Fact name="Release" title={release?.digest}>
          {release ? `${release.name} ${release.version} (${release.releaseCounter})` : "not reported yet"}
        </Fact>
        {device.overlay && (
          <Fact name="Overlay" title={`effective digest ${device.overlay.effectiveDigest}`}>
            {device.overlay.name} ({device.overlay.overlayCounter})
          </Fact>
        )}
        <Fact name="Generation">
          {generation ?? "—"}{" "}
          {status && status.update.state !== "idle" && (
            <Badge tone={updateTones[status.update.state]} title={status.update.reason}>
              {status.update.state}
            </Badge>
          )}
        </Fact>
        <Fact name={connected ? "Connected" : "Last seen"}>
          <MaybeTime atMs={connected ? connectedAtMs : lastSeenMs} />
        </Fact>
        <Fact name="Last tunnel handshake">
          <MaybeTime atMs={handshakeMs} />
        </Fact>
        <Fact name="Device id" mono>
          {id}
        </Fact>
        <Fact name="Address in the tunnel" mono>
          {device.address}
        </Fact>
        {status?.update.reason && (
          <div className="col-span-2">
            <dt className="text-xs text-muted">Last update</dt>
            <dd className="mt-0.5">{status.update.reason}</dd>
          </div>
        )}
      </dl>
    </>
  );
}

type FactProps = { name: string; title?: string | undefined; mono?: boolean; children: ReactNode };

function Fact({ name, title, mono = false, children }: FactProps) {
  return (
    <div title={title}>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className={`mt-0.5 break-words ${mono ? "font-mono text-xs leading-5" : ""}`}>{children}</dd>
    </div>
  );
}

function MaybeTime({ atMs }: { atMs: number | null }) {
  return atMs === null ? "never" : <TimeAgo atMs={atMs} />;
}
