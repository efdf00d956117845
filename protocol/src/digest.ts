/**
 * SHA-256 (FIPS 180-4) of a short text, in JavaScript: node:crypto has it too (crypto.ts), and takes 0.9 MB of each process that
 * loads it, which is much for a component that compares one digest.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** Lower-case hexadecimal. */
export function digestOfText(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
