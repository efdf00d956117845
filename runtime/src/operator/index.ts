/** What root of the board may ask of a running generation: to be let into a component, to have one recorded, to bring a file with a release. */
export { openDesk } from "./desk.ts";
export { createOperations, type Operations } from "./operations.ts";
