/** What can happen to supervision, and what it can want done. Nothing else goes in or out. */
import type { Component } from "@bulkhead/protocol";
import type { Phase } from "./state.ts";

/** Each phase has at most one deadline, so a component has at most one timer; `arm` replaces what was armed. */
export type TimerName = "ready" | "heartbeat" | "stop" | "backoff";

/** How a sandbox ended; `failure` says why it could not even be built. */
export type Exit = { readonly code: number | null; readonly signal: string | null; readonly failure?: string };

type Of<K extends string, T = unknown> = { readonly kind: K; readonly nowMs: number } & T;
type OfComponent<K extends string, T = unknown> = Of<
  K,
  { readonly component: string; readonly incarnation: number } & T
>;

/** `nowMs` is monotonic; `jitter` is random in [0, 1). Both come in with the event, so that the decision is pure. */
export type SupervisionEvent =
  | Of<"start">
  | Of<"stop", { readonly reason: string }>
  | Of<"restart", { readonly component: string; readonly reason: string }>
  | OfComponent<"spawned">
  | OfComponent<"ready">
  | OfComponent<"heartbeat">
  | OfComponent<"fault", { readonly reason: string }>
  /** It broke the rules of the control channel. */
  | OfComponent<"misbehaved", { readonly reason: string }>
  | OfComponent<"exited", { readonly exit: Exit; readonly jitter: number }>
  | OfComponent<"elapsed", { readonly timer: TimerName }>;

type To<K extends string, T = unknown> = {
  readonly kind: K;
  readonly component: string;
  readonly incarnation: number;
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
  /** A sentence for the log. */
  | To<"report", { readonly text: string }>
  | To<"changed", { readonly phase: Phase["kind"] }>
  | To<"escalate", { readonly to: Component["restart"]["escalate"]; readonly reason: string }>;
