/** Trust groups: components that share one sandbox, each in a thread of its process. */
export { createTrustGroups, type TrustGroups } from "./groups.ts";
export { joinSpecs } from "./join-specs.ts";
export { membersOf, sharedUids, withSharedStorage } from "./members.ts";
