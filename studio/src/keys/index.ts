/** The offline keys of a project. */
export { initKeys, type PublicKeys, readRootKeys, readTargetsKey, rootThreshold } from "./key-set.ts";
