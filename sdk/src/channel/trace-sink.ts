/**
 * The one place where calls of this process can be watched. Off, it costs a comparison per call.
 */
export type CallSide = "client" | "provider";

/** What watches calls. Both are called in the middle of a call: they must be quick and must not throw. */
export type TraceSink = {
  /** `channel` is the client's name for it (client side) or `<client>.<name>` (provider side); `id` is unique per channel and side while the call lasts. */
  callBegan(side: CallSide, channel: string, operation: string, id: number): void;
  /** `error` is the code that it failed with, or null. */
  callEnded(side: CallSide, channel: string, operation: string, id: number, error: string | null): void;
};

/** The sink in use; undefined while nobody watches. Read it anew at each use. */
export let traceSink: TraceSink | undefined;

/** Watches all calls of this process from now on, or, with undefined, no more. */
export function setTraceSink(sink: TraceSink | undefined): void {
  traceSink = sink;
}
