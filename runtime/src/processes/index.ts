/** The edge of supervision: the processes, what is said to them and heard from them, the timers. */
export type { Reason } from "./performers.ts";
export type { Slot } from "./processes.ts";
export { createRunner, type Runner } from "./runner.ts";
export { type Crash, type Escalation, mayAsk, type Request } from "./runner-host.ts";
