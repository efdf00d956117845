/** A channel's limits in words. */
import type { Channel } from "@bulkhead/protocol";

/** `bus 2, address 0x48, access read`; a dash where there are none. Addresses are hexadecimal, as data sheets write them. */
export function describeGrant(grant: Channel["grant"]): string {
  const limits = Object.entries(grant).map(([key, value]) => {
    if (key === "address" && typeof value === "number") return `${key} 0x${value.toString(16).padStart(2, "0")}`;
    return `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return limits.join(", ") || "—";
}
