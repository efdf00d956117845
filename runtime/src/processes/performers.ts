/** What each effect of supervision means: a message, a signal, a timer, a line. */
import type { SupervisionEffect } from "../supervision/index.ts";
import type { Happening, Processes } from "./processes.ts";
import type { RunnerHost } from "./runner-host.ts";
import { createTimers } from "./timers.ts";

export type Reason = { readonly atMs: number; readonly text: string };
export type Performers = {
  readonly [K in SupervisionEffect["kind"]]: (effect: Extract<SupervisionEffect, { kind: K }>) => void;
};

type Means = {
  readonly host: RunnerHost;
  readonly processes: Processes;
  readonly reasons: Map<string, Reason>;
  readonly happen: (happening: Happening) => void;
  readonly lastReason: (component: string) => string | null;
};

export function perform<K extends SupervisionEffect["kind"]>(
  performers: Performers,
  effect: Extract<SupervisionEffect, { kind: K }>,
): void {
  const performer: Performers[K] = performers[effect.kind as K];
  performer(effect);
}

type Of<K extends keyof Performers> = Pick<Performers, K>;

export function createPerformers(means: Means): Performers {
  return { ...forComponents(means), ...forSpares(means), ...forTimers(means), ...forReaders(means) };
}

// An effect is meant for one incarnation; where its sandbox is still being built, or gone, there is nobody to reach.
function forComponents({
  host,
  processes,
}: Means): Of<"spawn" | "promote" | "greet" | "tell-peer" | "ask-to-stop" | "kill"> {
  return {
    spawn: ({ component, incarnation }) => processes.spawn(component, incarnation),
    promote: ({ component, spare, incarnation }) => processes.promote(component, spare, incarnation),
    greet({ component, incarnation }) {
      processes.of(component, incarnation)?.link?.send("start", host.greeting(component, incarnation));
      host.onGreeted(component);
    },
    "tell-peer"({ component, incarnation, name, up, peerIncarnation }) {
      processes.of(component, incarnation)?.link?.send("peer", { name, up, incarnation: peerIncarnation });
    },
    "ask-to-stop"({ component, incarnation, graceMs, reason }) {
      processes.of(component, incarnation)?.link?.send("stop", { graceMs, reason });
    },
    kill: ({ component, incarnation }) => processes.of(component, incarnation)?.sandbox?.kill(),
  };
}

function forSpares({ host, processes }: Means): Of<"spawn-spare" | "stand-by" | "kill-spare" | "say"> {
  return {
    "spawn-spare": ({ component, spare }) => processes.spawnSpare(component, spare),
    "stand-by": ({ component, spare }) =>
      processes.spareOf(component, spare)?.link?.send("stand-by", { protocol: 1, component }),
    "kill-spare": ({ component, spare }) => processes.spareOf(component, spare)?.sandbox?.kill(),
    say: ({ text }) => host.log(text),
  };
}

function forTimers({
  happen,
  host,
}: Means): Of<"arm" | "disarm" | "arm-spare" | "disarm-spare" | "watch-safe-mode" | "unwatch-safe-mode"> {
  const timers = createTimers();

  // What a debugger holds cannot keep its time; that it is to stop, it is held to all the same.
  const arm: Performers["arm"] = (effect) => {
    const { component, incarnation, timer, afterMs } = effect;
    const isItsOwn = timer === "heartbeat" || timer === "ready";
    timers.arm(component, afterMs, () => {
      if (isItsOwn && host.stands(component)) arm(effect);
      else happen({ kind: "elapsed", component, incarnation, timer });
    });
  };

  return {
    arm,
    disarm: ({ component }) => timers.disarm(component),
    // No component has a name with a space, and none has no name.
    "arm-spare": ({ component, spare, afterMs }) =>
      timers.arm(`spare ${component}`, afterMs, () => happen({ kind: "spare-elapsed", component, spare })),
    "disarm-spare": ({ component }) => timers.disarm(`spare ${component}`),
    "watch-safe-mode": ({ afterMs }) => timers.arm("", afterMs, () => happen({ kind: "safe-mode-elapsed" })),
    "unwatch-safe-mode": () => timers.disarm(""),
  };
}

function forReaders({
  host,
  processes,
  reasons,
  lastReason,
}: Means): Of<"report" | "changed" | "crashed" | "escalate"> {
  return {
    report({ component, text }) {
      reasons.set(component, { atMs: Date.now(), text: lastReason(component) ?? text });
      host.log(text);
    },
    changed({ component, phase }) {
      if (phase === "ready") host.onReady(component);
    },
    crashed({ component, incarnation, reason, exit }) {
      const { stack, end, life } = processes.of(component, incarnation) ?? {};
      host.onCrash({ atMs: Date.now(), component, incarnation, reason, exit, stack, end, life: end && life });
    },
    escalate: ({ to, reason }) => host.onEscalation({ to, reason }),
  };
}
