/** The console of one device: what the KMS has kept, then what comes live; after a gap the missing lines are fetched. */
import { useEffect, useReducer, useRef, useState } from "react";
import { get, type Problem, problemOf } from "../api/client.ts";
import { useLive } from "../api/live.tsx";
import type { LogAnswer, StoredLogLine } from "../api/types.ts";
import { keptLines, mergeLines } from "../format/log-buffer.ts";

type Log = { lines: readonly StoredLogLine[]; dropped: number; problem: Problem | undefined };

export function useLog(deviceId: string): Log {
  const { connection, onLog } = useLive();
  const [lines, merge] = useReducer(mergeLines, []);
  const [dropped, setDropped] = useState(0);
  const [problem, setProblem] = useState<Problem>();
  const lastId = useRef<number>(undefined);
  lastId.current = lines.at(-1)?.id;

  useEffect(() => onLog((id, newLines) => id === deviceId && merge(newLines)), [deviceId, onLog]);

  // Again at every (re)connection: the subscription above runs meanwhile, and merging twice does no harm.
  useEffect(() => {
    if (connection === "away") return;
    const after = lastId.current === undefined ? "" : `&after=${lastId.current}`;
    get<LogAnswer>(`/devices/${deviceId}/logs?limit=${keptLines}${after}`).then(
      (answer) => {
        merge(answer.lines);
        setDropped(answer.dropped);
        setProblem(undefined);
      },
      (error: unknown) => setProblem(problemOf(error)),
    );
  }, [deviceId, connection]);

  return { lines, dropped, problem };
}
