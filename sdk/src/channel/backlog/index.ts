/** What waits at a provider for one of its clients. */
export { type Backlog, createBacklog } from "./backlog.ts";
export { maxOnTheWayBytes } from "./bounds.ts";
