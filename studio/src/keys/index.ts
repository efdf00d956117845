/** The offline keys of a project. */
export { initKeys, type PublicKeys } from "./key-set.ts";
