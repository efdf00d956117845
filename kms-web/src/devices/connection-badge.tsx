/** Whether a device's authenticated command channel is up; below it the tunnel may be up or not. */
import type { Device } from "../api/types.ts";
import { Badge } from "../parts/badge.tsx";

/** WireGuard renews a used session every two minutes and gives it up after three (whitepaper, section 6.1: REJECT-AFTER-TIME). */
const sessionMs = 180_000;

export function ConnectionBadge({ device: { connected, tunnel, lastSeenMs } }: { device: Device }) {
  if (connected) return <Badge tone="good">connected</Badge>;
  if (lastSeenMs === null) return <Badge tone="quiet">never connected</Badge>;
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
