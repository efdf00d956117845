/**
 * Finds blocks by their digests among those that are wanted. By sorting and not by hashing: who chooses the digests can make a table slow, and an order not.
 */

/** Where a block was found; 0 is nowhere. Counted by who looks. */
export type Place = number;

export type Finder = {
  /** The block at `place` has this digest. */
  found(digest: number, place: Place): void;
  placeOf(digest: number): Place;
};

export function createFinder(wanted: Float64Array): Finder {
  const sorted = wanted.slice().sort();
  const places = new Uint32Array(sorted.length);

  /** The first of those that are not below. */
  function positionOf(digest: number): number {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((sorted[middle] ?? 0) < digest) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  return {
    found(digest, place) {
      const at = positionOf(digest);
      if (sorted[at] === digest) places[at] = place;
    },
    placeOf: (digest) => {
      const at = positionOf(digest);
      return sorted[at] === digest ? (places[at] ?? 0) : 0;
    },
  };
}
