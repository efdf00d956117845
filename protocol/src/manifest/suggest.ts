/** "Did you mean …?": the nearest of the words that would have been right. */

/** The candidate within two edits of `word` (one for short words), or undefined. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  const limit = word.length < 4 ? 1 : 2;
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word, candidate);
    if (distance <= limit && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `did you mean \`memory\`?`, or the whole choice where nothing is near and the choice is short. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const nearest = nearestWord(word, candidates);
  if (nearest !== undefined) return `did you mean \`${nearest}\`?`;
  if (candidates.length === 0) return undefined;
  return `it can be ${candidates
    .slice(0, 32)
    .map((candidate) => `\`${candidate}\``)
    .join(", ")}${candidates.length > 32 ? ", …" : ""}`;
}

// Optimal string alignment: insertions, deletions, substitutions and swapped neighbours each cost one.
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      current[j] = Math.min(
        at(previous, j) + 1,
        at(current, j - 1) + 1,
        at(previous, j - 1) + cost,
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = previous;
    previous = current;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
