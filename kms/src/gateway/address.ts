/** IPv6 addresses as numbers, so that "is in" and "is the same as" do not depend on how somebody wrote them. */
import { isIPv6 } from "node:net";

/** The 128 bits of an address (RFC 4291, section 2.2, forms 1 and 2), or undefined for anything else. */
export function parseAddress(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes(".") || text.includes("%")) return undefined;
  const [head = "", tail] = text.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** Eight groups without leading zeros, none left out: not the shortest form, but always the same one. */
export function formatAddress(bits: bigint): string {
  return Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(16 * (7 - i))) & 0xffffn).toString(16)).join(":");
}

/** The first `length` bits of an address, the rest zero. */
export function networkOf(bits: bigint, length: number): bigint {
  const host = BigInt(128 - length);
  return (bits >> host) << host;
}

/** A device's part of the tunnel. */
export const devicePrefixLength = 112;

/** Which device an address belongs to, in the one form that two spellings of it share. */
export function devicePrefixOf(address: string): string | undefined {
  const bits = parseAddress(address);
  return bits === undefined ? undefined : `${formatAddress(networkOf(bits, devicePrefixLength))}/${devicePrefixLength}`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
