/** The offline keys of a project. */
export { developmentRing, type KeyRing } from "./key-ring.ts";
export { initKeys, markDevelopmentKeys } from "./key-set.ts";
