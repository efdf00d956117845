/**
 * Tells the serial server of each crash: it has the last lines, and a place on the disk. A crash while it is away itself
 * waits for it, bounded.
 */
import type { CrashFacts, CrashUse, Release } from "@bulkhead/protocol";
import type { Crash } from "../processes/index.ts";
import type { EndOfUse } from "../sandbox/index.ts";

const maxWaiting = 16;

export type CrashReports = {
  tell(crash: Crash): void;
  /** The serial server is there (again). */
  flush(): void;
};

/** `isLimited`: the device has control groups. `send` returns false where nobody is there to hear it. */
export function createCrashReports(
  running: () => {
    readonly release: Pick<Release, "name" | "version" | "system">;
    readonly installed: { readonly generation: number };
  },
  isLimited: boolean,
  send: (facts: CrashFacts) => boolean,
): CrashReports {
  const waiting: CrashFacts[] = [];

  function describe({ atMs, component, incarnation, reason, exit, stack, end, life }: Crash): CrashFacts | undefined {
    const { release, installed } = running();
    const declared = release.system.components[component];
    if (!declared) return undefined;
    const { memoryBytes, processes, cpu } = declared;
    return {
      ...{ atMs, component, incarnation, generation: installed.generation },
      release: `${release.name} ${release.version}`.slice(0, 200),
      reason: reason.slice(0, 4000),
      exit: { code: exit.code, signal: exit.signal, outOfMemory: exit.outOfMemory === true },
      stack: stack?.slice(0, 8000) ?? null,
      limits: { memoryBytes, processes, cpu },
      memoryPeakBytes: end?.memoryPeakBytes ?? null,
      ...(end && { use: useOf(end, isLimited) }),
      ...(life && { life }),
    };
  }

  return {
    tell(crash) {
      const facts = describe(crash);
      if (facts && !send(facts) && waiting.length < maxWaiting) waiting.push(facts);
    },
    flush() {
      for (const facts of waiting.splice(0)) send(facts);
    },
  };
}

function useOf(end: EndOfUse, limited: boolean): CrashUse {
  const { cpuUs, processesPeak, memoryLimitHits, processLimitHits, throttled } = end;
  return { limited, cpuUs, processesPeak, memoryLimitHits, processLimitHits, throttled };
}
