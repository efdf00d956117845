/**
 * The edge of supervision: turns what happens to sandboxes, control channels and clocks into events, and does what the
 * decision says. It decides nothing itself.
 */
import type { ToComponent } from "@bulkhead/protocol";
import { reportError } from "@bulkhead/protocol";
import type { Sandbox } from "../sandbox/index.ts";
import {
  decide,
  initialState,
  type SupervisionEvent,
  type SupervisionPlan,
  type SupervisionState,
} from "../supervision/index.ts";
import { type MessageToRoot, openControlLink } from "./control-link.ts";
import { createPerformers, type Live, perform, type Reason } from "./performers.ts";
import type { Request, RunnerHost } from "./runner-host.ts";

export type Runner = {
  start(): void;
  /** Resolves when nothing runs any more. */
  stop(reason: string): Promise<void>;
  restart(component: string, reason: string): void;
  /** Kills a component for what the root server saw it fail at. */
  fault(component: string, what: string): void;
  send<K extends keyof ToComponent>(component: string, kind: K, body: ToComponent[K]): void;
  state(): SupervisionState;
  sandbox(component: string): Pick<Sandbox, "componentPid" | "level" | "schedule"> | undefined;
  lastReason(component: string): Reason | null;
};

type WithoutTime<E> = E extends unknown ? Omit<E, "nowMs"> : never;
/** A runner at rest. */
export function createRunner(plan: SupervisionPlan, host: RunnerHost): Runner {
  const live = new Map<string, Live>();
  const reasons = new Map<string, Reason>();
  const idle: (() => void)[] = [];
  const queue: SupervisionEvent[] = [];
  let state = initialState(plan);
  let isBusy = false;

  function happen(event: WithoutTime<SupervisionEvent>): void {
    queue.push({ ...event, nowMs: performance.now() } as SupervisionEvent);
    if (isBusy) return;
    isBusy = true;
    try {
      for (let next = queue.shift(); next; next = queue.shift()) step(next);
    } finally {
      isBusy = false;
    }
    if (state.mode === "idle") for (const resolve of idle.splice(0)) resolve();
  }

  function step(event: SupervisionEvent): void {
    const decision = decide(state, event);
    state = decision.state;
    for (const effect of decision.effects) perform(performers, effect);
    if (decision.effects.some(({ kind }) => kind === "changed" || kind === "report" || kind === "greet"))
      host.onChange();
  }

  const performers = createPerformers({
    host,
    live,
    reasons,
    spawn: (component, incarnation) => void spawn(component, incarnation),
    elapsed: (event) => happen({ kind: "elapsed", ...event }),
    lastReason: (component) => state.components[component]?.lastReason ?? null,
  });

  async function spawn(component: string, incarnation: number): Promise<void> {
    const sandbox = await host.launch(component, incarnation).catch((error: unknown) => {
      const failure = reportError(error).message;
      happen({
        kind: "exited",
        component,
        incarnation,
        exit: { code: null, signal: null, failure },
        jitter: Math.random(),
      });
    });
    if (!sandbox) return;
    const link = openControlLink(sandbox.control, {
      onMessage: (message) => hear(component, incarnation, message),
      onBroken: (reason) => happen({ kind: "misbehaved", component, incarnation, reason }),
    });
    live.set(component, { incarnation, sandbox, link });
    void sandbox.exited.then((exit) => {
      live.delete(component);
      sandbox.control.destroy();
      happen({ kind: "exited", component, incarnation, exit, jitter: Math.random() });
    });
    happen({ kind: "spawned", component, incarnation });
  }

  function hear(component: string, incarnation: number, { kind, body }: MessageToRoot): void {
    if (kind === "ready" || kind === "heartbeat") happen({ kind, component, incarnation });
    else if (kind === "fault") happen({ kind, component, incarnation, reason: body.reason });
    else if (host.mayRequest(component)) host.onRequest({ kind, body } as Request);
    else
      happen({ kind: "misbehaved", component, incarnation, reason: `asked for ${kind}, which only the verifier may` });
  }

  return {
    start: () => happen({ kind: "start" }),
    stop: (reason) =>
      new Promise((resolve) => {
        idle.push(resolve);
        happen({ kind: "stop", reason });
      }),
    restart: (component, reason) => happen({ kind: "restart", component, reason }),
    fault(component, reason) {
      const incarnation = state.components[component]?.incarnation ?? 0;
      happen({ kind: "misbehaved", component, incarnation, reason });
    },
    send: (component, kind, body) => live.get(component)?.link.send(kind, body),
    state: () => state,
    sandbox: (component) => live.get(component)?.sandbox,
    lastReason: (component) => reasons.get(component) ?? null,
  };
}
