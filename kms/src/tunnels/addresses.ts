/** Whose address it is: the reverse of the protocol's `devicePrefix`. */
import { addressGroups, devicePrefix, isPartOf, routerPart } from "@bulkhead/protocol";

/** The number of the device that owns `address`; undefined where no device can. `prefix` is the KMS's /48. */
export function deviceNumberOf(prefix: string, address: string): number | undefined {
  const groups = groupsOf(address);
  if (!groups) return undefined;
  const [high = 0, low = 0, part = 0] = groups.slice(5);
  const number = high * 0x10000 + low;
  const owned = number > 0 && part >= routerPart && isPartOf(devicePrefix(prefix, number), address);
  return owned ? number : undefined;
}

function groupsOf(address: string): number[] | undefined {
  try {
    return addressGroups(address);
  } catch {
    return undefined;
  }
}
