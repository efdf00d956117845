/** Peers as a set: judged before they are believed, compared before anything is changed. Pure. */
import { BulkheadError } from "@bulkhead/protocol";
import { devicePrefixLength, formatAddress, networkOf, parseAddress } from "./address.ts";
import type { Peer } from "./messages.ts";

/** Public tunnel key → the one prefix that its device may use. */
export type PeerSet = ReadonlyMap<string, string>;

/**
 * Judges the peers that somebody asks for. Throws REQUEST_INVALID for a prefix that is no /112 of the tunnel, is the
 * KMS's own or has two owners, and for a key that comes twice: WireGuard would silently give it to the last.
 */
export function checkPeers(peers: readonly Peer[], kms: { bits: bigint; length: number }): PeerSet {
  const set = new Map<string, string>();
  const taken = new Set<string>();
  for (const { publicKey, allowedPrefix } of peers) {
    const prefix = checkPrefix(allowedPrefix, kms);
    if (set.has(publicKey)) throw refused(`the tunnel key ${publicKey} comes twice`);
    if (taken.has(prefix)) throw refused(`the prefix ${prefix} comes twice`);
    set.set(publicKey, prefix);
    taken.add(prefix);
  }
  return set;
}

/** What to do, in this order, to get from one set to the other. A moved prefix is removed before it is added. */
export function diffPeers(actual: PeerSet, desired: PeerSet): { remove: string[]; add: Peer[] } {
  const kept = (key: string, prefix: string): boolean => desired.get(key) === prefix;
  return {
    remove: [...actual].filter(([key, prefix]) => !kept(key, prefix)).map(([key]) => key),
    add: [...desired]
      .filter(([key, prefix]) => actual.get(key) !== prefix)
      .map(([publicKey, allowedPrefix]) => ({ publicKey, allowedPrefix })),
  };
}

function checkPrefix(text: string, kms: { bits: bigint; length: number }): string {
  const [address = "", length = String(devicePrefixLength)] = text.split("/");
  const bits = parseAddress(address);
  if (bits === undefined || length !== String(devicePrefixLength) || networkOf(bits, devicePrefixLength) !== bits) {
    throw refused(`${text.slice(0, 64)} is not the /112 of a device`);
  }
  if (networkOf(bits, kms.length) !== networkOf(kms.bits, kms.length)) throw refused(`${text} is not of this tunnel`);
  if (networkOf(kms.bits, devicePrefixLength) === bits) throw refused(`${text} holds the address of the KMS`);
  return `${formatAddress(bits)}/${devicePrefixLength}`;
}

function refused(message: string): BulkheadError {
  return new BulkheadError("REQUEST_INVALID", message, { remedy: "Nothing was changed; send the whole set again." });
}
