/** A process that is killed in the middle of a write leaves part of an entry: a record ends with the last that is whole. Pure. */
import { headerBytes } from "@bulkhead/sdk";

export function wholeFrames(bytes: Buffer): Buffer {
  let end = 0;
  while (end + headerBytes <= bytes.length) {
    const next = end + headerBytes + bytes.readUInt32BE(end);
    if (next > bytes.length) break;
    end = next;
  }
  return bytes.subarray(0, end);
}
