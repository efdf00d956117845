/**
 * What loading and starting have left behind is given back once, when the component is at rest. V8 collects when it is short of
 * memory, and a component that idles never is: without this it keeps 1.5 MB for ever that nothing points to.
 */
import type { performance as Performance } from "node:perf_hooks";

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** A heartbeat's time in which it did this much, or more, is not rest. */
const restShare = 0.05;

/**
 * Node's own way to collect, where the runner gives it (runtime/src/runners/node.ts), taken out of the component's sight: what
 * it does is stop everything for some 20 ms.
 */
function takeCollect(): Collect | undefined {
  const { gc } = globalThis as { gc?: Collect };
  Reflect.deleteProperty(globalThis, "gc");
  return gc;
}

type Clock = Pick<typeof Performance, "eventLoopUtilization">;

/** To be called at each heartbeat. The first that ends a time of rest collects; later ones do nothing. */
export function createTidying(collect: Collect | undefined = takeCollect(), clock: Clock = performance): () => void {
  let waiting = collect;
  let before: ReturnType<Clock["eventLoopUtilization"]> | undefined;
  return () => {
    if (!waiting) return;
    const now = clock.eventLoopUtilization();
    const isAtRest = before !== undefined && clock.eventLoopUtilization(now, before).utilization < restShare;
    before = now;
    if (!isAtRest) return;
    waiting({ type: "major", execution: "sync", flavor: "last-resort" });
    waiting = undefined;
  };
}
