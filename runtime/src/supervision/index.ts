/** Supervision: who runs, who is started again, and who is given up. Pure; the root server does what it decides. */
export { type Decision, decide } from "./decide.ts";
export type { Exit, SupervisionEffect, SupervisionEvent, TimerName } from "./event.ts";
export type { Rung } from "./ladder.ts";
export { planSupervision, type SupervisedComponent, type SupervisionPlan } from "./plan.ts";
export {
  type ComponentRecord,
  initialState,
  notReady,
  type Phase,
  type SupervisionState,
} from "./state.ts";
