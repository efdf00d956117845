/** A typed stand-in for a neighbour that a component uses: for the unit tests of that component. */
import { BulkheadError } from "@bulkhead/protocol";
import { makeClient } from "../channel/client.ts";
import { createPeerWatch } from "../channel/peer-watch.ts";
import type { AnyInterface, Client, Handlers } from "../component.ts";
import { callHandler, streamNeighbour, throughWire } from "./neighbour.ts";

export type FakeClient<I extends AnyInterface> = {
  /** Give this to the component. */
  client: Client<I>;
  notify(notification: keyof I["notifications"] & string, body: unknown): void;
  /** The neighbour goes: streams end and calls fail with PEER_GONE until it is back. */
  goDown(): void;
  /** It is back, as its next incarnation. */
  comeBack(): void;
};

/**
 * A client whose calls `handlers` answer, with the checks of a real channel. It is up, as incarnation 1.
 *
 * @example
 * const lamp = fakeClient(lampInterface, { set: () => null });
 * await lamp.client.set({ on: true });
 */
export function fakeClient<I extends AnyInterface>(
  iface: I,
  handlers: NoInfer<Handlers<I>>,
  { grant = {} }: { grant?: unknown } = {},
): FakeClient<I> {
  const watch = createPeerWatch(iface, iface.name);
  watch.set({ up: true, incarnation: 1 });
  const gone = () => {
    const { incarnation } = watch.channel;
    const data = { lostIncarnation: incarnation, incarnation };
    return new BulkheadError("PEER_GONE", `the provider of ${iface.name} has gone`, { data });
  };
  const streams = streamNeighbour(iface, grant, handlers, () => (watch.channel.up ? undefined : gone()));
  const call = (operation: string, args: unknown) =>
    watch.channel.up ? callHandler(iface, grant, handlers, operation, args) : Promise.reject(gone());
  return {
    client: makeClient(iface, watch.channel, call, streams.open),
    notify: (notification, body) => watch.notify(notification, throughWire(body)),
    goDown() {
      watch.set({ up: false, incarnation: watch.channel.incarnation });
      streams.close(gone());
    },
    comeBack: () => watch.set({ up: true, incarnation: watch.channel.incarnation + 1 }),
  };
}
