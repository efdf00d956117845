/** Where the device finds a gateway that it knows by name, and what came of asking last. Nothing where it was told an address. */
import type { GatewayStatus } from "@bulkhead/protocol";
import { shortTime } from "../format/time.ts";

export function GatewayView({ gateway }: { gateway: GatewayStatus | undefined }) {
  if (!gateway) return null;
  const { name, address, from, askedAtMs, answer, failure } = gateway;
  return (
    <p className={`mt-3 text-sm break-words ${failure === null ? "text-good" : "text-bad"}`}>
      Gateway {name}: {address ?? "no address yet"}
      {from === "kept" && `, where the tunnel stood before (the resolvers said ${answer.join(", ") || "nothing yet"})`}
      {askedAtMs !== null && `, asked ${shortTime(askedAtMs)}`}
      {failure !== null && `; ${failure}`}.
    </p>
  );
}
