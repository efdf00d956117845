/** Times for people. */

/** `durationMs` ago in one unit: "just now", "12 s ago", "3 min ago", "2 h ago", "5 d ago". A clock ahead counts as now. */
export function ago(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Local time of day with milliseconds: 14:03:07.042. */
export function timeOfDay(atMs: number): string {
  const date = new Date(atMs);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Local time of day to the minute, as one says it: 14:03. */
export function shortTime(atMs: number): string {
  return timeOfDay(atMs).slice(0, 5);
}
