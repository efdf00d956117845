/** Short texts that come again and again (names of members): making a text of bytes costs more than comparing the bytes. */

const slots = 256;

export type TextCache = { read(bytes: Buffer, from: number, sizeBytes: number): string };

/** A cache of at most 256 texts of at most 31 bytes each; a newcomer takes the place of the one that it falls on. */
export function createTextCache(): TextCache {
  const known: (Uint8Array | undefined)[] = new Array(slots).fill(undefined);
  const texts: string[] = new Array(slots).fill("");
  return {
    read(bytes, from, sizeBytes) {
      const last = from + sizeBytes;
      let slot = sizeBytes;
      for (let i = from; i < last; i++) slot = (slot * 31 + (bytes[i] as number)) & 0xff;
      const candidate = known[slot];
      if (candidate && isSame(candidate, bytes, from, sizeBytes)) return texts[slot] as string;
      const text = bytes.toString("utf8", from, last);
      known[slot] = Uint8Array.prototype.slice.call(bytes, from, last);
      texts[slot] = text;
      return text;
    },
  };
}

function isSame(candidate: Uint8Array, bytes: Buffer, from: number, sizeBytes: number): boolean {
  if (candidate.length !== sizeBytes) return false;
  for (let i = 0; i < sizeBytes; i++) if (candidate[i] !== bytes[from + i]) return false;
  return true;
}
