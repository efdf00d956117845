/** Gives out pieces of a range and takes them back: first fit, neighbours joined. Pure. */
import type { LeaseHandle } from "./handle.ts";

/** A page: pieces of different calls share none, so what one writes touches no other's memory. */
const grain = 4096;

export type Pieces = {
  /** Undefined where no room is left. The piece is `sizeBytes` long; what it takes is a whole number of pages. */
  take(sizeBytes: number): LeaseHandle | undefined;
  give(piece: LeaseHandle): void;
};

export function createPieces(totalBytes: number): Pieces {
  /** Sorted by offset, never touching each other. */
  let free = [{ offset: 0, sizeBytes: totalBytes }];
  const pages = (sizeBytes: number) => Math.ceil(sizeBytes / grain) * grain;
  return {
    take(sizeBytes) {
      const needed = pages(sizeBytes);
      const place = free.find((range) => range.sizeBytes >= needed);
      if (!place || !(sizeBytes > 0)) return undefined;
      const piece = { offset: place.offset, sizeBytes };
      place.offset += needed;
      place.sizeBytes -= needed;
      free = free.filter((range) => range.sizeBytes > 0);
      return piece;
    },
    give(piece) {
      const back = { offset: piece.offset, sizeBytes: pages(piece.sizeBytes) };
      const joined: typeof free = [];
      for (const range of [...free, back].sort((a, b) => a.offset - b.offset)) {
        const last = joined.at(-1);
        if (last && last.offset + last.sizeBytes === range.offset) last.sizeBytes += range.sizeBytes;
        else joined.push(range);
      }
      free = joined;
    },
  };
}
