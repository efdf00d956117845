/** The Range header of RFC 9110, section 14.2, as far as a resumed download needs it: one range of bytes. */

/** Both ends included. Undefined: send everything, which is always allowed. */
export function parseRange(
  header: string | undefined,
  lengthBytes: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? "");
  if (!match) return undefined;
  const start = Number(match[1]);
  const end = match[2] ? Math.min(Number(match[2]), lengthBytes - 1) : lengthBytes - 1;
  if (match[2] && Number(match[2]) < start) return undefined;
  return start >= lengthBytes ? "unsatisfiable" : { start, end };
}
