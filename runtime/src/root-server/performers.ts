/** What each effect of supervision means: a message, a signal, a timer, a line. */
import type { Sandbox } from "../sandbox/index.ts";
import type { SupervisionEffect, TimerName } from "../supervision/index.ts";
import type { ControlLink } from "./control-link.ts";
import type { RunnerHost } from "./runner-host.ts";

export type Live = { readonly incarnation: number; readonly sandbox: Sandbox; readonly link: ControlLink };
export type Reason = { readonly atMs: number; readonly text: string };
export type Performers = {
  readonly [K in SupervisionEffect["kind"]]: (effect: Extract<SupervisionEffect, { kind: K }>) => void;
};

type Means = {
  readonly host: RunnerHost;
  readonly live: ReadonlyMap<string, Live>;
  readonly reasons: Map<string, Reason>;
  readonly spawn: (component: string, incarnation: number) => void;
  readonly elapsed: (event: { component: string; incarnation: number; timer: TimerName }) => void;
  readonly lastReason: (component: string) => string | null;
};

export function perform<K extends SupervisionEffect["kind"]>(
  performers: Performers,
  effect: Extract<SupervisionEffect, { kind: K }>,
): void {
  const performer: Performers[K] = performers[effect.kind as K];
  performer(effect);
}

export function createPerformers({ host, live, reasons, spawn, elapsed, lastReason }: Means): Performers {
  const timers = new Map<string, NodeJS.Timeout>();

  // An effect is meant for one incarnation; where its sandbox is still being built, or gone, there is nobody to reach.
  function incarnationOf({ component, incarnation }: { component: string; incarnation: number }): Live | undefined {
    const found = live.get(component);
    return found?.incarnation === incarnation ? found : undefined;
  }

  function disarm(component: string): void {
    clearTimeout(timers.get(component));
    timers.delete(component);
  }

  return {
    spawn: ({ component, incarnation }) => spawn(component, incarnation),
    greet(effect) {
      const { component, incarnation } = effect;
      incarnationOf(effect)?.link.send("start", host.greeting(component, incarnation));
      host.onGreeted(component);
    },
    "tell-peer"(effect) {
      const { name, up, peerIncarnation } = effect;
      incarnationOf(effect)?.link.send("peer", { name, up, incarnation: peerIncarnation });
    },
    "ask-to-stop"(effect) {
      incarnationOf(effect)?.link.send("stop", { graceMs: effect.graceMs, reason: effect.reason });
    },
    kill: (effect) => incarnationOf(effect)?.sandbox.kill(),
    arm({ component, incarnation, timer, afterMs }) {
      disarm(component);
      timers.set(
        component,
        setTimeout(() => elapsed({ component, incarnation, timer }), afterMs),
      );
    },
    disarm: ({ component }) => disarm(component),
    report({ component, text }) {
      reasons.set(component, { atMs: Date.now(), text: lastReason(component) ?? text });
      host.log(text);
    },
    changed({ component, phase }) {
      if (phase === "ready") host.onReady(component);
    },
    escalate: ({ reason }) => host.onEscalation(reason),
  };
}
