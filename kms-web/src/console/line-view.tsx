/** One line of the console: when, who, what; a line about a component is told from a line by it. */
import { memo } from "react";
import type { StoredLogLine } from "../api/types.ts";
import { timeOfDay } from "../format/time.ts";

const looks = { out: "text-ink", err: "text-bad", runtime: "text-accent" } as const;
/** The SDK's log begins each line with its level. */
const levels = [
  { start: "error ", look: "text-bad" },
  { start: "warn ", look: "text-warn" },
] as const;

function lookOf({ stream, text }: StoredLogLine): string {
  if (stream !== "out") return looks[stream];
  return levels.find(({ start }) => text.startsWith(start))?.look ?? looks.out;
}

export const LineView = memo(function LineView({ line }: { line: StoredLogLine }) {
  return (
    <div className="flex flex-wrap gap-x-3 px-4 hover:bg-raised max-sm:py-0.5 sm:flex-nowrap">
      <time dateTime={new Date(line.atMs).toISOString()} className="shrink-0 text-muted tabular-nums">
        {timeOfDay(line.atMs)}
      </time>
      <span className="w-32 shrink-0 truncate text-muted max-sm:grow" title={line.component}>
        {line.component}
      </span>
      <span className={`min-w-0 break-words whitespace-pre-wrap max-sm:basis-full ${lookOf(line)}`}>{line.text}</span>
    </div>
  );
});
