/** Who is connected right now. A device has one session; the newest wins, because the older may be a dead socket. */
import type { FromKms } from "@bulkhead/protocol";

export type Session = {
  readonly deviceId: string;
  readonly connectedAtMs: number;
  send(message: FromKms): void;
  close(reason: string): void;
};

export type Sessions = {
  /** Returns the session that was displaced. */
  enter(session: Session): Session | undefined;
  /** Does nothing where another session has taken its place; returns whether it was the current one. */
  leave(session: Session): boolean;
  of(deviceId: string): Session | undefined;
  connectedAtMs(deviceId: string): number | null;
};

export function createSessions(): Sessions {
  const current = new Map<string, Session>();
  return {
    enter(session) {
      const displaced = current.get(session.deviceId);
      current.set(session.deviceId, session);
      return displaced;
    },
    leave(session) {
      return current.get(session.deviceId) === session && current.delete(session.deviceId);
    },
    of: (deviceId) => current.get(deviceId),
    connectedAtMs: (deviceId) => current.get(deviceId)?.connectedAtMs ?? null,
  };
}
