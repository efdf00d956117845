/** What a client knows of its provider, and who in the component wants to hear of changes and notifications. */
import { BulkheadError } from "@bulkhead/protocol";
import type { AnyInterface, ClientChannel, PeerState } from "../component.ts";
import { type ClientLease, noClientLease } from "../lease/lease.ts";
import { callOut } from "./call-out.ts";
import { parseValue } from "./message.ts";

export type PeerWatch = {
  channel: ClientChannel;
  set(state: PeerState): void;
  /** Checks a notification and hands it on; throws IPC_FRAME_INVALID where it does not fit the interface. */
  notify(notification: string, body: unknown): void;
};

export function createPeerWatch(iface: AnyInterface, name: string, lease: ClientLease = noClientLease): PeerWatch {
  let state: PeerState = { up: false, incarnation: 0 };
  const peerListeners: ((state: PeerState) => void)[] = [];
  const listeners = new Map<string, ((body: unknown) => void)[]>();
  const channel: ClientChannel = {
    get up() {
      return state.up;
    },
    get incarnation() {
      return state.incarnation;
    },
    lease,
    onPeer: (callback) => void peerListeners.push(callback),
    on(notification, callback) {
      const others = listeners.get(notification) ?? [];
      listeners.set(notification, [...others, callback as (body: unknown) => void]);
    },
  };
  return {
    channel,
    set(next) {
      const isNews = next.up !== state.up || (next.up && next.incarnation !== state.incarnation);
      state = next;
      if (isNews) for (const listener of peerListeners) callOut(() => listener(state));
    },
    notify(notification, body) {
      const schema = Object.hasOwn(iface.notifications, notification) ? iface.notifications[notification] : undefined;
      if (!schema) throw new BulkheadError("IPC_FRAME_INVALID", `${name}: there is no notification ${notification}`);
      const checked = parseValue(schema, body, "IPC_FRAME_INVALID", `${name}: notification ${notification}`);
      for (const listener of listeners.get(notification) ?? []) callOut(() => listener(checked));
    },
  };
}
