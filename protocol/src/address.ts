/**
 * Addresses in the tunnel. A KMS has a /48 of unique local addresses (RFC 4193); its subnet 0 holds the KMS itself,
 * subnet 1 the devices: device N (32 bits) has the /112 `<prefix>:1:0:<N high>:<N low>:<part>`, whose last 16 bits number its parts.
 */
import { BulkheadError } from "./errors.ts";

/** Part 1 of every device is its router; networked components follow. */
export const routerPart = 1;

/** The eight 16-bit groups of an IPv6 address as text. Throws REQUEST_INVALID for anything else. */
export function addressGroups(address: string): number[] {
  const halves = address.toLowerCase().split("::");
  const [head = [], tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - (tail?.length ?? 0);
  const groups = tail ? [...head, ...Array<string>(Math.max(missing, 0)).fill("0"), ...tail] : head;
  const valid =
    halves.length <= 2 &&
    groups.length === 8 &&
    (!tail || missing > 0) &&
    groups.every((group) => /^[0-9a-f]{1,4}$/.test(group));
  if (!valid) throw new BulkheadError("REQUEST_INVALID", `${address} is not an IPv6 address`);
  return groups.map((group) => Number.parseInt(group, 16));
}

/** One spelling per address: all eight groups, no leading zeros, so that equal addresses are equal strings. */
export function formatAddress(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

/** The KMS's own address in the tunnel; `prefix` is any address of its /48. */
export function kmsAddress(prefix: string): string {
  return formatAddress([...addressGroups(prefix).slice(0, 3), 0, 0, 0, 0, 1]);
}

/** First address of the /112 of device `number` (1 to 2^32 - 1). */
export function devicePrefix(prefix: string, number: number): string {
  return formatAddress([...addressGroups(prefix).slice(0, 3), 1, 0, Math.floor(number / 0x10000), number % 0x10000, 0]);
}

/** The address of part `part` (1 to 65535) of the device whose /112 starts at `addressPrefix`. */
export function partAddress(addressPrefix: string, part: number): string {
  return formatAddress([...addressGroups(addressPrefix).slice(0, 7), part]);
}

/** True where `address` lies in the /112 that starts at `addressPrefix`. */
export function isPartOf(addressPrefix: string, address: string): boolean {
  const prefix = addressGroups(addressPrefix);
  const groups = addressGroups(address);
  return prefix.slice(0, 7).every((group, index) => group === groups[index]);
}
