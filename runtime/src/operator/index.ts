/** What root of the board may ask of a running generation: to be let into a component, or to have one recorded. */
export { openDesk } from "./desk.ts";
export { createOperations, type Operations } from "./operations.ts";
