/** What a device has installed, which of it runs, and how that changes without a moment in which nothing would start. */
export { replaceFile } from "./durable.ts";
export {
  collectGarbage,
  installFactoryRelease,
  installRelease,
  verifyInstalled,
} from "./install.ts";
export {
  assignUids,
  beginTrial,
  type Choice,
  chooseGeneration,
  commit,
  fallBack,
  firstUidNumbers,
  type GenerationRecord,
  type Installed,
  keptDigests,
  rollBack,
  whyBad,
} from "./record.ts";
export { readRecord, writeRecord } from "./slots.ts";
export { packTree, type TreeIdentity, treeDigest, unpackTree } from "./tree/index.ts";
