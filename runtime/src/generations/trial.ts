/** Watches a new generation: good is one whose permanent components are all ready, and stay so, within a window. */
import type { Component, System } from "@bulkhead/protocol";

export type Trial = {
  /** To be called after each change. */
  observe(): void;
  /** A component was given up: that alone is enough. */
  escalated(reason: string): void;
  stop(): void;
};

type Verdict = { readonly good: true } | { readonly good: false; readonly reason: string };

/** What a device says of all trials; `steadyMs`: by default as long as it takes to notice that one of the components hangs. */
export type TrialTimes = { readonly windowMs: number; readonly steadyMs?: number | undefined };
/** From the last heartbeat that is missing to a component that was killed for it and is seen not to be ready. */
const killMs = 1_000;

/** The times of a trial of `system`, whose own word comes first. `isCold`: a board that has just started reads all of it from its disk. */
export function trialTimes(
  { update = {}, components }: Pick<System, "update" | "components">,
  device: TrialTimes,
  isCold = false,
) {
  const windowMs = Math.max(update.windowMs ?? device.windowMs, isCold ? 6 * device.windowMs : 0);
  const isPermanent = ({ restart }: Component) => restart.policy === "permanent";
  const hangsMs = Object.values(components)
    .filter(isPermanent)
    .map(({ heartbeat: { periodMs, missed } }) => periodMs * missed);
  // Half of the window is left for the start, whatever the components say.
  const noticedMs = Math.min(Math.max(0, ...hangsMs) + killMs, windowMs / 2);
  return { windowMs, steadyMs: update.steadyMs ?? device.steadyMs ?? noticedMs };
}

type TrialOptions = {
  readonly windowMs: number;
  readonly steadyMs: number;
  /** The permanent components that are not ready now. */
  readonly notReady: () => readonly string[];
  /** Called once. */
  readonly onVerdict: (verdict: Verdict) => void;
};

export function beginTrialWatch({ windowMs, steadyMs, notReady, onVerdict }: TrialOptions): Trial {
  let steady: NodeJS.Timeout | undefined;
  let isOver = false;

  function end(verdict: Verdict): void {
    if (isOver) return;
    stop();
    onVerdict(verdict);
  }
  function stop(): void {
    isOver = true;
    clearTimeout(steady);
    clearTimeout(window);
  }

  const window = setTimeout(() => {
    const missing = notReady();
    const what = missing.length > 0 ? `not ready: ${missing.join(", ")}` : "its components did not stay ready";
    end({ good: false, reason: `${what}, ${windowMs} ms after the start` });
  }, windowMs);

  return {
    observe() {
      if (isOver) return;
      if (notReady().length === 0) steady ??= setTimeout(() => end({ good: true }), steadyMs);
      else {
        clearTimeout(steady);
        steady = undefined;
      }
    },
    escalated: (reason) => end({ good: false, reason }),
    stop,
  };
}

/** Watches a generation of `system`, for as long as it and the device say. */
export function beginTrialOf(
  system: System,
  device: TrialTimes,
  isCold: boolean,
  watch: Pick<TrialOptions, "notReady" | "onVerdict">,
): Trial {
  return beginTrialWatch({ ...trialTimes(system, device, isCold), ...watch });
}
