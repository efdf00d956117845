/** The one form of archive that Bulkhead writes and reads: ustar, regular files, one encoding of each. */
export { type ByteReader, byteReader, isZero } from "./byte-reader.ts";
export { blockBytes, checkPath, decodeHeader, encodeHeader, padded, type TreeEntry } from "./ustar.ts";
