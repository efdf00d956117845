export type Poller = { poll(events: number): void; close(): void };
export type CreatePoller = (fd: number, onEvent: (error: Error | null, events: number | undefined) => void) => Poller;
/** Before the first line is watched; `onFault` hears that some line cannot be watched any more. */
export function usePoller(create: CreatePoller, onFault: () => void): void;
