/**
 * Which addresses a gateway's name may have. A resolver may say anything; an address of the board itself, of its link or of the tunnel
 * is never the way to a gateway, and a rule for it would open what the rules are there to close.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { Provisioning } from "@bulkhead/protocol";

// RFC 6890: this host, loopback, link-local, multicast and what is reserved above it with the broadcast address.
const never4 = listOf("ipv4", [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
]);
// Unspecified, loopback and IPv4 in IPv6's clothes (compatible, mapped, translated); link-local, site-local, multicast.
const never6 = listOf("ipv6", [
  ["::", 96],
  ["::ffff:0:0", 96],
  ["::ffff:0:0:0", 96],
  ["fe80::", 9],
  ["ff00::", 8],
]);

/** The KMS's part of the tunnel's addresses, of which every device's is one (docs/architecture.md, "Network"). */
const tunnelPrefixBits = 48;

/** Pure. False for what is no address as well. */
export function mayBeGateway(address: string, { kms }: Pick<Provisioning, "kms">): boolean {
  if (isIPv4(address)) return !never4.check(address, "ipv4");
  // A zone names an interface of ours.
  if (!isIPv6(address) || address.includes("%") || never6.check(address, "ipv6")) return false;
  return !listOf("ipv6", [[kms.address, tunnelPrefixBits]]).check(address, "ipv6");
}

// One list per family: a check of IPv4 also looks at what is listed for its mapped form.
function listOf(family: "ipv4" | "ipv6", networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, family);
  return list;
}

/** A resolver on the board itself would have to ask others, whom only ours may: one on the loopback is none. Pure. */
export function mayBeAsked(address: string): boolean {
  return isIPv4(address) ? !never4.check(address, "ipv4") : isIPv6(address) && !never6.check(address, "ipv6");
}
