/** The rungs of the ladder above safe mode. */
export { openUpperRungs, type UpperRungs } from "./upper-rungs.ts";
