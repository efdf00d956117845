/**
 * The index of a blob: a short digest of each of its blocks, by which a device finds those that it has already. Nobody signs it, for nobody believes it:
 * what is put together by its help is held to the blob's own digest (decision 64).
 */
import { slotBlockBytes } from "./base-system.ts";
import { sha256 } from "./crypto.ts";

export const indexedBlockBytes = slotBlockBytes;

/**
 * Of each block the first 48 bits of its SHA-256, which JavaScript counts with exactly. Of 50,000 blocks and as many others two that differ have the same once in
 * 100,000 updates, and that costs a blob that is fetched whole. Somebody can make such two, which costs the same.
 */
export const blockDigestBytes = 6;

export function blockDigest(block: Uint8Array): number {
  return Number.parseInt(sha256(block).slice(0, 2 * blockDigestBytes), 16);
}

/** How long the index of a blob is; undefined for a blob of no whole blocks, which has none. */
export function blockIndexBytes(blobBytes: number): number | undefined {
  if (blobBytes <= 0 || blobBytes % indexedBlockBytes !== 0) return undefined;
  return (blobBytes / indexedBlockBytes) * blockDigestBytes;
}
