/** What a device has installed, which of it runs, and how that changes without a moment in which nothing would start. */

export { createActivation } from "./activation.ts";
export type { Chosen, Leave } from "./choosing.ts";
export { replaceFile, syncDirectory } from "./durable.ts";
export { installFactoryRelease } from "./install.ts";
export { type Ledger, openLedger } from "./ledger.ts";
export { outcomeAtGreeting } from "./outcome-at-greeting.ts";
export {
  type Choice,
  firstUidNumbers,
  type GenerationRecord,
  type Installed,
} from "./record.ts";
export { readRecord } from "./slots.ts";
export { packTree, type TreeIdentity, treeDigest, unpackTree } from "./tree/index.ts";
export { beginTrialOf, type Trial } from "./trial.ts";
