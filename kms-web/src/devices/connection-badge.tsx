/** Whether a device's authenticated command channel is up; below it the tunnel may be up or not. */
import type { Device } from "../api/types.ts";
import { timeOfDay } from "../format/time.ts";
import { Badge } from "../parts/badge.tsx";

/** WireGuard renews a used session every two minutes and gives it up after three (whitepaper, section 6.1: REJECT-AFTER-TIME). */
const sessionMs = 180_000;

export function ConnectionBadge({ device }: { device: Device }) {
  const { connected, tunnel, lastSeenMs, presence, expectedAtMs } = device;
  if (connected) return <Badge tone="good">connected</Badge>;
  if (lastSeenMs === null) return <Badge tone="quiet">never connected</Badge>;
  if (presence === "asleep" || presence === "overdue")
    return <SleepBadge isLate={presence === "overdue"} expectedAtMs={expectedAtMs} />;
  const handshakeMs = tunnel?.latestHandshakeMs;
  const tunnelUp = handshakeMs != null && Date.now() - handshakeMs < sessionMs;
  return (
    <Badge
      tone={tunnelUp ? "warn" : "bad"}
      title={
        tunnelUp ? "The tunnel is up, but the command channel is not." : "Neither tunnel nor command channel is up."
      }
    >
      {tunnelUp ? "tunnel only" : "offline"}
    </Badge>
  );
}

function SleepBadge({ isLate, expectedAtMs }: { isLate: boolean; expectedAtMs: number | null }) {
  const time = expectedAtMs === null ? "" : timeOfDay(expectedAtMs).slice(0, 8);
  if (isLate) {
    return (
      <Badge tone="bad" title={`It sleeps, should have woken at ${time}, and has not.`}>
        overdue
      </Badge>
    );
  }
  return (
    <Badge tone="quiet" title="It sleeps, as its manifest says, and is expected again then.">
      {`asleep until ${time}`}
    </Badge>
  );
}
