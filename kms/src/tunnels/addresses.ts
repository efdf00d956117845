/**
 * The address plan: `<prefix>::1` is the KMS, `<prefix>:1:0:<hi>:<lo>::/112` the device whose number is hi·65536 + lo.
 * Prefixes are written out, because `partAddress` of the protocol appends the last group to them.
 */
import { isIPv6 } from "node:net";

const deviceSubnet = 1;

/** The /112 of device `number` (1 to 2^31-1). */
export function devicePrefix(prefix: string, number: number): string {
  const [high, low] = [number >>> 16, number & 0xffff];
  return `${prefix}:${deviceSubnet}:0:${high.toString(16)}:${low.toString(16)}::`;
}

/** The number of the device that owns `address`, or undefined where no device can. */
export function deviceNumberOf(prefix: string, address: string): number | undefined {
  const groups = expand(address);
  const own = expand(`${prefix}::`);
  if (!groups || !own) return undefined;
  const [first, second, third, subnet, zero, high, low, part] = groups;
  if (first !== own[0] || second !== own[1] || third !== own[2]) return undefined;
  if (subnet !== deviceSubnet || zero !== 0 || part === 0) return undefined;
  return ((high ?? 0) * 0x10000 + (low ?? 0)) || undefined;
}

/** The eight groups of an IPv6 address (RFC 4291, section 2.2); undefined for anything else. */
function expand(address: string): number[] | undefined {
  if (!isIPv6(address) || address.includes(".") || address.includes("%")) return undefined;
  const [head = "", tail] = address.split("::");
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill("0"), ...right].map((group) => Number.parseInt(group, 16));
}
