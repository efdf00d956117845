/**
 * The stream of events. The browser's EventSource reconnects by itself after a broken connection, but gives up for ever
 * when the server answers with an error (as while it starts); then a new one is made.
 */
import type { KmsEvent } from "./types.ts";

export type Connection = "connecting" | "live" | "away";

type Listener = { onEvent: (event: KmsEvent) => void; onConnection: (connection: Connection) => void };

const types = [
  "device",
  "device-removed",
  "device-event",
  "log",
  "command",
  "crashes",
  "release",
  "telemetry",
] as const;
const retryMs = 2000;

/** Connects until the returned function is called. */
export function connectEvents({ onEvent, onConnection }: Listener): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource("/api/v1/events");
    source.onopen = () => onConnection("live");
    source.onerror = () => {
      onConnection("away");
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, retryMs);
    };
    for (const type of types) {
      source.addEventListener(type, ({ data }) => onEvent({ ...JSON.parse(data), type }));
    }
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
