/** Trust groups: components that share one sandbox, each in a thread of its process. */
export { createLauncher } from "./groups.ts";
export { joinSpecs } from "./join-specs.ts";
export { membersOf, sharedUids, withSharedStorage } from "./members.ts";
