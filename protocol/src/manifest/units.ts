/** Quantities as people write them: a number with its unit, turned into the integer that the system holds. */

type Unit = Readonly<Record<string, number>>;

const durationsUs: Unit = { us: 1, ms: 1_000, s: 1_000_000, min: 60_000_000 };
// Binary units only: whether "M" means 1000 or 1024 is not a question that a memory limit should raise.
const sizesBytes: Unit = { B: 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** Microseconds of `2ms`, `60s`, `500us`, `1min`; undefined where the text is no duration. */
export function parseDurationUs(text: string): number | undefined {
  return parseQuantity(text, durationsUs);
}

/** Bytes of `48Mi`, `1Gi`, `512Ki`, `100B`; undefined where the text is no size. */
export function parseSizeBytes(text: string): number | undefined {
  return parseQuantity(text, sizesBytes);
}

/** `48Mi` for 50331648: the largest unit that leaves an integer. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of Object.entries(sizesBytes).reverse()) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}

function parseQuantity(text: string, units: Unit): number | undefined {
  const match = /^(\d{1,15})([A-Za-z]{1,3})$/.exec(text);
  const factor = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  if (!match || factor === undefined) return undefined;
  const value = Number(match[1]) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}
