/** The states of a component and of the whole, as sum types: what cannot happen has no form. */
import type { SupervisionPlan } from "./plan.ts";

/** What follows when a component that is being stopped has gone. */
export type After =
  | { readonly kind: "restart" }
  /** It was killed for what it did: its restart policy decides, as after a crash of its own. */
  | { readonly kind: "crash"; readonly reason: string; readonly readyForMs: number }
  | { readonly kind: "stop" }
  | { readonly kind: "fail"; readonly because: string };

export type Phase =
  /** Wants to run; its strong providers are not all ready yet. */
  | { readonly kind: "waiting" }
  /** `spawned`: its sandbox runs; before that it is being built. */
  | { readonly kind: "starting"; readonly spawned: boolean }
  | { readonly kind: "ready"; readonly sinceMs: number }
  /** held: its strong dependents have to go first · asked: has the stop message · killed: SIGKILL is on its way. */
  | {
      readonly kind: "stopping";
      readonly stage: "held" | "asked" | "killed";
      readonly after: After;
      readonly reason: string;
    }
  | { readonly kind: "backing-off" }
  | { readonly kind: "stopped" }
  /** Given up; `because` is the component whose crashes were too many (perhaps itself). */
  | { readonly kind: "failed"; readonly because: string };

export type ComponentRecord = {
  readonly phase: Phase;
  /** Counts starts; 0 before the first. Two sandboxes of one component never exist at once. */
  readonly incarnation: number;
  /** Monotonic times of its own crashes within the intensity period. */
  readonly crashesMs: readonly number[];
  /** How many crashes in a row the next delay has to answer for. */
  readonly backoffStep: number;
  /** What the running incarnation said last about itself. */
  readonly lastWord: string | null;
  /** Why it last stopped, for a person to read. */
  readonly lastReason: string | null;
};

export type SupervisionState = {
  readonly plan: SupervisionPlan;
  /** idle: nothing was started, or all has ended · running · ending: on the way to idle. */
  readonly mode: "idle" | "running" | "ending";
  readonly components: Readonly<Record<string, ComponentRecord>>;
};

const fresh: ComponentRecord = {
  phase: { kind: "stopped" },
  incarnation: 0,
  crashesMs: [],
  backoffStep: 0,
  lastWord: null,
  lastReason: null,
};

/** The state before anything was started. */
export function initialState(plan: SupervisionPlan): SupervisionState {
  return { plan, mode: "idle", components: Object.fromEntries(plan.order.map((name) => [name, fresh])) };
}

/** True while a process of it may exist. */
export function isRunning({ phase }: ComponentRecord): boolean {
  return phase.kind === "starting" || phase.kind === "ready" || phase.kind === "stopping";
}

/** True where everything that has to run for ever is ready: the mark of a good generation. */
export function isHealthy({ plan, components }: SupervisionState): boolean {
  return plan.order.every(
    (name) => plan.components[name]?.restart.policy !== "permanent" || components[name]?.phase.kind === "ready",
  );
}

/** The permanent components that are not ready, in order of start. */
export function notReady({ plan, components }: SupervisionState): string[] {
  return plan.order.filter(
    (name) => plan.components[name]?.restart.policy === "permanent" && components[name]?.phase.kind !== "ready",
  );
}
