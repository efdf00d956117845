/** What can happen to supervision, and what it can want done. Nothing else goes in or out. */
import type { Component } from "@bulkhead/protocol";
import type { SupervisionPlan } from "./plan.ts";
import type { Phase } from "./state.ts";

/** Each phase has at most one deadline, so a component has at most one timer; `arm` replaces what was armed. */
export type TimerName = "ready" | "heartbeat" | "stop" | "backoff";

/** A spare has one for being built, for going and for the next. */
export type SpareTimerName = "standing-by" | "spare-stop" | "spare-backoff";

/**
 * How a sandbox ended; `failure` says why it could not even be built, `needsPerson` that another try would not help,
 * `outOfMemory` that the kernel killed in it for its memory limit.
 */
export type Exit = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly failure?: string;
  readonly needsPerson?: boolean;
  readonly outOfMemory?: boolean;
};

type Of<K extends string, T = unknown> = { readonly kind: K; readonly nowMs: number } & T;
type OfComponent<K extends string, T = unknown> = Of<
  K,
  { readonly component: string; readonly incarnation: number } & T
>;

type OfSpare<K extends string, T = unknown> = Of<K, { readonly component: string; readonly spare: number } & T>;

/** `nowMs` is monotonic; `jitter` is random in [0, 1). Both come in with the event, so that the decision is pure. */
export type SupervisionEvent =
  /** `held`: why only what safe mode leaves running is started. */
  | Of<"start", { readonly held?: string }>
  | Of<"stop", { readonly reason: string }>
  /** Another plan is to be in force: all but `staying` end. */
  | Of<"give-way", { readonly staying: readonly string[]; readonly reason: string }>
  /** Those have ended, and what is around the components is as `plan` has it. */
  | Of<"take-over", { readonly plan: SupervisionPlan; readonly reason: string }>
  | Of<"restart", { readonly component: string; readonly reason: string }>
  | OfComponent<"spawned">
  | OfComponent<"ready">
  | OfComponent<"heartbeat">
  | OfComponent<"fault", { readonly reason: string }>
  /** It broke the rules of the control channel. */
  | OfComponent<"misbehaved", { readonly reason: string }>
  | OfComponent<"exited", { readonly exit: Exit; readonly jitter: number }>
  | OfComponent<"elapsed", { readonly timer: TimerName }>
  | OfSpare<"spare-spawned">
  /** Its bundle is loaded; it waits for `start`. */
  | OfSpare<"spare-standing-by">
  | OfSpare<"spare-misbehaved", { readonly reason: string }>
  | OfSpare<"spare-exited", { readonly exit: Exit; readonly jitter: number }>
  | OfSpare<"spare-elapsed">
  /** The time that safe mode had to help is over. */
  | Of<"safe-mode-elapsed">;

type To<K extends string, T = unknown> = {
  readonly kind: K;
  readonly component: string;
  readonly incarnation: number;
} & T;

type ToSpare<K extends string, T = unknown> = {
  readonly kind: K;
  readonly component: string;
  readonly spare: number;
} & T;

export type SupervisionEffect =
  | To<"spawn">
  /** Say `start`; always the first message of an incarnation. */
  | To<"greet">
  | To<"tell-peer", { readonly name: string; readonly up: boolean; readonly peerIncarnation: number }>
  | To<"ask-to-stop", { readonly graceMs: number; readonly reason: string }>
  | To<"kill">
  | To<"arm", { readonly timer: TimerName; readonly afterMs: number }>
  | To<"disarm">
  /** A sentence for the log, and why the component is as it is. */
  | To<"report", { readonly text: string }>
  | To<"changed", { readonly phase: Phase["kind"] }>
  /** It ended, and nobody had asked for it. */
  | To<"crashed", { readonly reason: string; readonly exit: Exit }>
  | ToSpare<"spawn-spare">
  /** Say `stand-by`; always the first message of a spare. */
  | ToSpare<"stand-by">
  | ToSpare<"kill-spare">
  | ToSpare<"arm-spare", { readonly timer: SpareTimerName; readonly afterMs: number }>
  | ToSpare<"disarm-spare">
  /** A sentence for the log alone. */
  | ToSpare<"say", { readonly text: string }>
  /** From now on the spare is this incarnation of the component. */
  | ToSpare<"promote", { readonly incarnation: number }>
  | { readonly kind: "watch-safe-mode"; readonly afterMs: number }
  | { readonly kind: "unwatch-safe-mode" }
  | To<"escalate", { readonly to: Component["restart"]["escalate"]; readonly reason: string }>;
