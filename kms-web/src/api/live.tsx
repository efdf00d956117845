/** Keeps the answers that the console holds up to date with the stream of events, and hands log lines to who listens. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import { addTelemetry } from "../format/telemetry.ts";
import { type Connection, connectEvents } from "./event-source.ts";
import type { KmsEvent, StoredLogLine, TelemetryAnswer } from "./types.ts";

type LogListener = (deviceId: string, lines: StoredLogLine[]) => void;
type Live = { connection: Connection; onLog: (listener: LogListener) => () => void };

const LiveContext = createContext<Live>({ connection: "connecting", onLog: () => () => undefined });

export const useLive = () => useContext(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const listeners = useRef(new Set<LogListener>());
  useEffect(
    () =>
      connectEvents({
        onConnection: (next) => {
          setConnection(next);
          // Whatever happened in between was missed.
          if (next === "live") void queries.invalidateQueries();
        },
        onEvent: (event) => {
          if (event.type === "log") for (const listener of listeners.current) listener(event.deviceId, event.lines);
          else take(queries, event);
        },
      }),
    [queries],
  );
  const live = useMemo<Live>(
    () => ({
      connection,
      onLog: (listener) => {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [connection],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

function take(queries: QueryClient, event: Exclude<KmsEvent, { type: "log" }>): void {
  const stale = (...queryKey: string[]) => void queries.invalidateQueries({ queryKey });
  switch (event.type) {
    case "device":
      queries.setQueryData(["device", event.device.id], event.device);
      stale("devices");
      stale("status", event.device.id);
      stale("manifest", event.device.id);
      break;
    case "device-removed":
      stale("devices");
      stale("device", event.deviceId);
      break;
    case "device-event":
      stale("events", event.event.deviceId);
      break;
    case "command":
      stale("commands", event.command.deviceId);
      break;
    case "crashes":
      stale("crashes", event.deviceId);
      break;
    case "release":
      stale("releases");
      break;
    case "telemetry":
      queries.setQueryData<TelemetryAnswer>(["telemetry"], (answer) => answer && addTelemetry(answer, event.message));
      break;
  }
}
