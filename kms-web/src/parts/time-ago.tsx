/** How long ago something was, counting on while one looks; the exact time is in the title. */
import { useEffect, useState } from "react";
import { ago } from "../format/time.ts";

export function TimeAgo({ atMs }: { atMs: number }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const date = new Date(atMs);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {ago(nowMs - atMs)}
    </time>
  );
}
