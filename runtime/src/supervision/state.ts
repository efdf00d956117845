/** The states of a component and of the whole, as sum types: what cannot happen has no form. */
import type { SupervisionPlan } from "./plan.ts";

/** What follows when a component that is being stopped has gone. */
export type After =
  | { readonly kind: "restart" }
  /** It was killed for what it did: its restart policy decides, as after a crash of its own. */
  | { readonly kind: "crash"; readonly reason: string; readonly readyForMs: number }
  | { readonly kind: "stop" }
  | { readonly kind: "hold" }
  | { readonly kind: "fail"; readonly because: string };

export type Phase =
  /** Wants to run; its strong providers are not all ready yet. */
  | { readonly kind: "waiting" }
  /** `spawned`: its sandbox runs; before that it is being built. */
  | { readonly kind: "starting"; readonly spawned: boolean }
  | { readonly kind: "ready"; readonly sinceMs: number }
  /** queued: its strong dependents have to go first · asked: has the stop message · killed: SIGKILL is on its way. */
  | {
      readonly kind: "stopping";
      readonly stage: "queued" | "asked" | "killed";
      readonly after: After;
      readonly reason: string;
    }
  | { readonly kind: "backing-off" }
  | { readonly kind: "stopped" }
  /** Nothing but a person's word starts it: its manifest says so after a crash, or the device is in safe mode. */
  | { readonly kind: "held" }
  /** Given up; `because` is the component whose crashes were too many (perhaps itself). */
  | { readonly kind: "failed"; readonly because: string };

/** A second process of the component, which has its bundle loaded and holds nothing. `id` counts those of a component. */
export type Spare =
  | { readonly kind: "none" }
  | { readonly kind: "building"; readonly id: number; readonly spawned: boolean }
  | { readonly kind: "standing-by"; readonly id: number; readonly sinceMs: number }
  /** SIGKILL is on its way. */
  | { readonly kind: "leaving"; readonly id: number }
  /** The next is made when the time has come. */
  | { readonly kind: "backing-off"; readonly id: number };

export type ComponentRecord = {
  readonly phase: Phase;
  readonly spare: Spare;
  /** Counts spares, as `incarnation` counts starts. */
  readonly sparesMade: number;
  /** How many spares in a row died while they stood by. */
  readonly spareStep: number;
  /** How long after the last crash the next spare is made: a storm of crashes must not be one of spares. */
  readonly spareDelayMs: number;
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
  /**
   * idle: nothing was started, or all has ended · running · ending: on the way to idle · yielding: all but `staying` end, for another
   * plan · yielded: they have.
   */
  readonly mode: "idle" | "running" | "ending" | "yielding" | "yielded";
  /** Who goes on under the next plan; nobody where none follows. */
  readonly staying: readonly string[];
  readonly components: Readonly<Record<string, ComponentRecord>>;
  readonly ladder: LadderState;
};

export type LadderState = {
  /** Only core servers and the agent run; set until the generation ends. `because`: whose failure it was, if anybody's. */
  readonly safeMode: { readonly because: string | null; readonly reason: string } | null;
  /** Who was given up when, with its group. */
  readonly givenUp: readonly { readonly component: string; readonly atMs: number }[];
};

/** Never started. */
export const fresh: ComponentRecord = {
  phase: { kind: "stopped" },
  spare: { kind: "none" },
  sparesMade: 0,
  spareStep: 0,
  spareDelayMs: 0,
  incarnation: 0,
  crashesMs: [],
  backoffStep: 0,
  lastWord: null,
  lastReason: null,
};

/** The state before anything was started. */
export function initialState(plan: SupervisionPlan): SupervisionState {
  const components = Object.fromEntries(plan.order.map((name) => [name, fresh]));
  return { plan, mode: "idle", staying: [], components, ladder: { safeMode: null, givenUp: [] } };
}

/** True while a process of it may exist. */
export function isRunning({ phase }: ComponentRecord): boolean {
  return phase.kind === "starting" || phase.kind === "ready" || phase.kind === "stopping";
}

/** True while a process of its spare may exist. */
export function hasSpareProcess({ spare }: ComponentRecord): boolean {
  return spare.kind === "building" || spare.kind === "standing-by" || spare.kind === "leaving";
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
