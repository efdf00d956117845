/**
 * The edge of supervision: turns what happens to sandboxes, control channels and clocks into events, and does what the
 * decision says. It decides nothing itself.
 */
import type { ToComponent } from "@bulkhead/protocol";
import type { Sandbox } from "../sandbox/index.ts";
import {
  decide,
  initialState,
  type SupervisionEffect,
  type SupervisionEvent,
  type SupervisionPlan,
  type SupervisionState,
} from "../supervision/index.ts";
import type { MessageToRoot } from "./control-link.ts";
import { createPerformers, perform, type Reason } from "./performers.ts";
import { createProcesses, type Happening, type Process } from "./processes.ts";
import { mayAsk, type Request, type RunnerHost } from "./runner-host.ts";

export type Runner = {
  /** `held`: why only core servers and the agent are started. */
  start(held?: string): void;
  /** Resolves when nothing runs any more. */
  stop(reason: string): Promise<void>;
  /** Resolves when nothing of all but `staying` runs any more; nothing is started until `takeOver`. */
  giveWay(staying: readonly string[], reason: string): Promise<void>;
  /** Starts what `plan` has beside those that stayed. */
  takeOver(plan: SupervisionPlan, reason: string): void;
  restart(component: string, reason: string): void;
  /** Kills a component for what the root server saw it fail at. */
  fault(component: string, what: string): void;
  send<K extends keyof ToComponent>(component: string, kind: K, body: ToComponent[K]): void;
  state(): SupervisionState;
  sandbox(component: string): Pick<Sandbox, "componentPid" | "level" | "made" | "schedule" | "exited"> | undefined;
  lastReason(component: string): Reason | null;
};

/** Of these a reader of the state hears. */
const isVisible: ReadonlySet<SupervisionEffect["kind"]> = new Set([
  ...(["changed", "report", "greet"] as const),
  // A spare has at each step of its life a timer, or none.
  ...(["arm-spare", "disarm-spare"] as const),
]);

/** A runner at rest. */
export function createRunner(plan: SupervisionPlan, host: RunnerHost): Runner {
  const reasons = new Map<string, Reason>();
  const waiting: Record<"idle" | "yielded", (() => void)[]> = { idle: [], yielded: [] };
  const queue: (() => Happening)[] = [];
  let state = initialState(plan);
  let isBusy = false;

  function happen(make: () => Happening): void {
    queue.push(make);
    if (isBusy) return;
    isBusy = true;
    try {
      for (let next = queue.shift(); next; next = queue.shift()) step(next());
    } finally {
      isBusy = false;
    }
    const { mode, staying } = state;
    if (mode === "idle" || mode === "yielded") void processes.cleanedUp(staying).then(() => tell(mode));
  }

  function tell(mode: "idle" | "yielded"): void {
    for (const resolve of waiting[mode].splice(0)) resolve();
  }

  function until(mode: "idle" | "yielded", happening: Happening): Promise<void> {
    return new Promise((resolve) => {
      waiting[mode].push(resolve);
      happen(() => happening);
    });
  }

  function step(happening: Happening): void {
    const decision = decide(state, { ...happening, nowMs: performance.now() } as SupervisionEvent);
    state = decision.state;
    for (const effect of decision.effects) perform(performers, effect);
    if (decision.effects.some(({ kind }) => isVisible.has(kind))) host.onChange();
  }

  const processes = createProcesses({ launch: host.launch, happen, hear });
  const performers = createPerformers({
    ...{ host, processes, reasons },
    happen: (happening) => happen(() => happening),
    lastReason: (component) => state.components[component]?.lastReason ?? null,
  });

  function hear({ component }: Process, incarnation: number, message: MessageToRoot): Happening | undefined {
    const { kind, body } = message;
    if (kind === "standing-by") return undefined;
    if (kind === "ready" || kind === "heartbeat") return { kind, component, incarnation };
    if (kind === "fault") return { kind, component, incarnation, reason: body.reason };
    if (!host.mayRequest(component, kind)) {
      return {
        kind: "misbehaved",
        component,
        incarnation,
        reason: `asked for ${kind}, which only the ${mayAsk[kind]} may`,
      };
    }
    host.onRequest({ kind, body } as Request);
    return undefined;
  }

  return {
    start: (held) => happen(() => ({ kind: "start", ...(held !== undefined && { held }) })),
    stop: (reason) => until("idle", { kind: "stop", reason }),
    giveWay: (staying, reason) => until("yielded", { kind: "give-way", staying, reason }),
    takeOver: (next, reason) => happen(() => ({ kind: "take-over", plan: next, reason })),
    restart: (component, reason) => happen(() => ({ kind: "restart", component, reason })),
    fault(component, reason) {
      const incarnation = state.components[component]?.incarnation ?? 0;
      happen(() => ({ kind: "misbehaved", component, incarnation, reason }));
    },
    send: (component, kind, body) => processes.current(component)?.link?.send(kind, body),
    state: () => state,
    sandbox: (component) => processes.current(component)?.sandbox,
    lastReason: (component) => reasons.get(component) ?? null,
  };
}
