/** One line of the console: when, who, what; a line about a component is told from a line by it. */
import { memo } from "react";
import type { StoredLogLine } from "../api/types.ts";
import { timeOfDay } from "../format/time.ts";

const looks = { out: "text-ink", err: "text-bad", runtime: "text-accent" } as const;

export const LineView = memo(function LineView({ line }: { line: StoredLogLine }) {
  return (
    <div className="flex gap-3 px-4 hover:bg-raised">
      <time dateTime={new Date(line.atMs).toISOString()} className="shrink-0 text-muted tabular-nums">
        {timeOfDay(line.atMs)}
      </time>
      <span className="w-32 shrink-0 truncate text-muted" title={line.component}>
        {line.component}
      </span>
      <span className={`break-words whitespace-pre-wrap ${looks[line.stream]}`}>{line.text}</span>
    </div>
  );
});
