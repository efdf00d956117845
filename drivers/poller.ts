/**
 * Waiting for a descriptor without a thread that blocks: the poller of the package serialport, which hands any descriptor to
 * Node's own loop.
 */

/** Flags of `poll`, as libuv has them (uv.h, enum uv_poll_event). */
export const readable = 1;
export const writable = 2;

export type NativePoller = { poll(events: number): void; stop(): void };
export type OnEvent = (error: Error | null, events: number | undefined) => void;
export type PollerClass = new (fd: number, onEvent: OnEvent) => NativePoller;

/** Hears once of each event that it was asked for; a later `poll` replaces an earlier one. */
export type Poller = { poll(events: number): void; close(): void };
export type CreatePoller = (fd: number, onEvent: OnEvent) => Poller;

/**
 * One poller for each number of a descriptor, used again when the number is, and never given up: the native one crashes
 * when it is destroyed or collected (its source says so). The kernel gives low numbers first, so they are few.
 */
export function keepPollers(native: { Poller: PollerClass }): CreatePoller {
  const kept = new Map<number, { poller: NativePoller; onEvent: OnEvent }>();
  return (fd, onEvent) => {
    const known = kept.get(fd);
    if (known) known.onEvent = onEvent;
    const slot = known ?? {
      poller: new native.Poller(fd, (error, events) => kept.get(fd)?.onEvent(error, events)),
      onEvent,
    };
    kept.set(fd, slot);
    return {
      poll: (events) => slot.poller.poll(events),
      close() {
        slot.poller.stop();
        slot.onEvent = () => {};
      },
    };
  };
}
